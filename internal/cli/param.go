package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/awsapi"
)

// maxParameter is how long a value from a file may be, in bytes: a SAML metadata
// document has up to ten million characters.
const maxParameter = 64 << 20

// paramFile gives the content of the file that a value names, where it names
// one: file:// holds text, fileb:// anything.
func (c *CLI) paramFile(value string) (content string, is bool, err error) {
	for _, prefix := range []string{"file://", "fileb://"} {
		path, ok := strings.CutPrefix(value, prefix)
		if !ok {
			continue
		}
		path = c.expand(path)
		data, err := readFile(path)
		if err != nil {
			return "", true, fmt.Errorf("Unable to load paramfile %s: %w", value, osError(err, path)) //nolint:staticcheck // the sentence of the AWS CLI
		}
		if prefix == "file://" && !utf8.Valid(data) {
			return "", true, fmt.Errorf("Unable to load paramfile (%s), text contents could not be decoded.  If this is a binary file, please use the fileb:// prefix instead of the file:// prefix.", path) //nolint:staticcheck // likewise
		}
		return string(data), true, nil
	}
	return "", false, nil
}

// expand puts the home directory and the environment into a path.
func (c *CLI) expand(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home := c.getenv("HOME"); home != "" {
			path = filepath.Join(home, rest)
		}
	}
	return os.Expand(path, func(name string) string {
		if v := c.getenv(name); v != "" {
			return v
		}
		return "$" + name // as Python's expandvars leaves it
	})
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxParameter+1))
	if err == nil && len(data) > maxParameter {
		err = fmt.Errorf("%s is longer than %d bytes", path, maxParameter)
	}
	return data, err
}

// osError is an error of the operating system as Python writes it.
func osError(err error, path string) error {
	var number syscall.Errno
	if errors.As(err, &number) {
		text := number.Error()
		return fmt.Errorf("[Errno %d] %s: '%s'", int(number), strings.ToUpper(text[:1])+text[1:], path)
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// value makes the value of an option from the words behind it.
func (c *CLI) value(option string, t awsapi.Type, words []string) (awsapi.Node, error) {
	raw := words
	if len(words) == 1 {
		content, is, err := c.paramFile(words[0])
		if err != nil {
			return awsapi.Node{}, paramError(option, "%v", err)
		}
		if is {
			raw = []string{content}
		}
	}
	var v awsapi.Node
	var err error
	switch t.Kind() {
	case awsapi.ListType:
		v, err = c.list(option, t, raw)
	case awsapi.StructureType, awsapi.MapType:
		v, err = c.complex(option, t, raw[0])
	default:
		return scalar(option, t, raw[0])
	}
	if err != nil && holdsSecret(t) && slices.ContainsFunc(raw, func(word string) bool { return len(word) > longestShown }) {
		return v, withoutInput(err)
	}
	return v, err
}

func looksLikeJSON(s string) bool {
	s = strings.TrimSpace(s)
	return strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[")
}

func (c *CLI) list(option string, t awsapi.Type, words []string) (awsapi.Node, error) {
	if len(words) == 1 && strings.HasPrefix(strings.TrimSpace(words[0]), "[") {
		return jsonValue(option, words[0])
	}
	out := awsapi.Node{Kind: awsapi.List, List: []awsapi.Node{}}
	elem := t.Elem()
	switch elem.Kind() {
	case awsapi.StructureType, awsapi.MapType, awsapi.ListType:
		for _, word := range words {
			v, err := c.complex(option, elem, word)
			if err != nil {
				return out, err
			}
			out.List = append(out.List, v)
		}
		return out, nil
	}
	for _, word := range words {
		v, err := scalar(option, elem, word)
		if err != nil {
			return out, err
		}
		out.List = append(out.List, v)
	}
	return out, nil
}

// complex reads a structure or a map, as JSON or in shorthand.
func (c *CLI) complex(option string, t awsapi.Type, word string) (awsapi.Node, error) {
	if looksLikeJSON(word) {
		if strings.HasPrefix(strings.TrimSpace(word), "[") {
			return awsapi.Node{}, paramError(option, "%w", &inputError{"Invalid JSON", ":\n" + word})
		}
		return jsonValue(option, word)
	}
	v, err := parseShorthand(word, c.paramFile)
	if err != nil {
		return v, paramError(option, "%w", err)
	}
	return typed(v, t)
}

func jsonValue(option, word string) (awsapi.Node, error) {
	v, err := awsapi.ParseJSON([]byte(strings.TrimSpace(word)))
	if err != nil {
		return v, paramError(option, "%w", &inputError{"Invalid JSON: " + err.Error(), "\nJSON received: " + word})
	}
	return v, nil
}

func integer(word string) (awsapi.Node, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(word), 10, 64)
	if err != nil {
		return awsapi.Node{}, fmt.Errorf("invalid literal for int() with base 10: %s", quoted(word))
	}
	return awsapi.Node{Kind: awsapi.Number, Text: strconv.FormatInt(n, 10)}, nil
}

// quoted is a text as Python shows it.
func quoted(s string) string {
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		return `"` + strings.ReplaceAll(s, `\`, `\\`) + `"`
	}
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`, "\n", `\n`, "\t", `\t`, "\r", `\r`).Replace(s) + "'"
}

func scalar(option string, t awsapi.Type, word string) (awsapi.Node, error) {
	switch t.Kind() {
	case awsapi.IntegerType:
		return integer(word)
	case awsapi.LongType:
		n, err := integer(word)
		if err != nil {
			return n, argumentError(option, "invalid int value: "+quoted(word))
		}
		return n, nil
	case awsapi.TimestampType:
		return timestamp(option, word)
	}
	return text(word), nil
}
