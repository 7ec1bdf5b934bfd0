package instance

import (
	"fmt"

	"github.com/daypass/daypass/internal/forwardauth"
)

// ForwardAuthAPI is a service that reverse proxies ask about.
type ForwardAuthAPI = forwardauth.API

// ParseForwardAuthAPIs reads services, NAME=HOST[/PATH][,STAGE] each.
func ParseForwardAuthAPIs(texts []string) ([]ForwardAuthAPI, error) {
	var apis forwardauth.APIs
	for _, text := range texts {
		api, err := forwardauth.ParseAPI(text)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		apis = append(apis, api)
	}
	return apis, apis.Check()
}
