package forwardauth

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
)

// defaultStage is the stage of an API that names none, as API Gateway calls it.
const defaultStage = "$default"

// API is a service that proxies ask about, and where clients reach it.
type API struct {
	// Name and Stage are those in the ARN.
	Name, Stage string
	// Host is a host name or address in lower case; with a port it is that of this
	// port alone.
	Host string
	// Path is what the paths of its requests begin with, and is not part of the
	// path in the ARN; empty for all paths.
	Path string
}

var (
	apiName  = regexp.MustCompile(`\A[A-Za-z0-9_-]{1,64}\z`)
	apiStage = regexp.MustCompile(`\A(\$default|[A-Za-z0-9_-]{1,128})\z`)
	apiHost  = regexp.MustCompile(`\A([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?\z`)
)

// ParseAPI reads NAME=HOST[/PATH][,STAGE].
func ParseAPI(text string) (API, error) {
	a := API{Stage: defaultStage}
	name, rest, ok := strings.Cut(text, "=")
	if !ok {
		return API{}, errors.New("give a name and a host, such as photos=api.example.com")
	}
	rest, stage, ok := strings.Cut(rest, ",")
	if ok {
		a.Stage = stage
	}
	host, path, ok := strings.Cut(rest, "/")
	if a.Name, a.Host = name, strings.ToLower(host); ok && path != "" {
		a.Path = "/" + path
	}
	switch {
	case !apiName.MatchString(a.Name):
		return API{}, errors.New("a name has 1 to 64 letters, digits, hyphens and underscores")
	case !apiHost.MatchString(a.Host):
		return API{}, errors.New("give the host as clients send it, such as api.example.com or localhost:8080, without http://")
	case !apiStage.MatchString(a.Stage):
		return API{}, errors.New("a stage has letters, digits, hyphens and underscores, or is $default")
	case strings.HasSuffix(a.Path, "/"):
		return API{}, errors.New("remove the slash at the end of the path")
	}
	if a.Path != "" {
		path, err := readPath(a.Path)
		if err != nil || path != a.Path {
			return API{}, fmt.Errorf("the path %s is not one that requests can have", strconv.Quote(a.Path))
		}
	}
	return a, nil
}

// APIs are all that there are.
type APIs []API

// Check refuses two APIs at one place.
func (a APIs) Check() error {
	at := map[string]string{}
	for _, api := range a {
		place := api.Host + api.Path
		if name, taken := at[place]; taken {
			return fmt.Errorf("%s and %s are both at %s", name, api.Name, place)
		}
		at[place] = api.Name
	}
	return nil
}

// find is the API that requests to a host and path belong to, and the path within
// it, without the slash at its beginning. One that names the port comes before one
// that does not, and then the one with the longest path.
func (a APIs) find(host, path string) (api *API, within string, ok bool) {
	host = strings.ToLower(host)
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		if name = h; strings.Contains(h, ":") {
			name = "[" + h + "]"
		}
	}
	for _, wanted := range []string{host, name} {
		for i := range a {
			candidate := &a[i]
			rest, below := strings.CutPrefix(path, candidate.Path)
			if candidate.Host == wanted && below && (rest == "" || rest[0] == '/') && (api == nil || len(candidate.Path) > len(api.Path)) {
				api, within = candidate, strings.TrimPrefix(rest, "/")
			}
		}
		if api != nil {
			return api, within, true
		}
	}
	return nil, "", false
}
