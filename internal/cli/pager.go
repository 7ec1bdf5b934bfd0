package cli

import (
	"io"
	"os"
	"strings"
)

// pager gives what the output goes through on a terminal: AWS_PAGER, cli_pager of
// the profile, PAGER, or less. Elsewhere, with --no-cli-pager and where the pager
// is set to nothing, it goes straight out. The function ends it.
func (c *CLI) pager(g *globals, s *settings) (io.Writer, func(), error) {
	if c.Page == nil || c.Width == 0 || g.has("no-cli-pager") {
		return c.Stdout, func() {}, nil
	}
	command, set := os.LookupEnv("AWS_PAGER")
	if !set {
		command = first(s.pager, c.getenv("PAGER"), "less")
	}
	words := strings.Fields(command)
	if len(words) == 0 {
		return c.Stdout, func() {}, nil
	}
	w, wait, err := c.Page(words)
	if err != nil {
		return nil, nil, exit(exitConfig, "Unable to redirect output to pager. Received the following error when opening pager:\n%v", err)
	}
	return w, wait, nil
}
