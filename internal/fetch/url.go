package fetch

import (
	"errors"
	"net/http"
	"net/url"
)

// parseURL accepts the URLs that a Client will try at all.
func parseURL(raw string) (*url.URL, error) { return parseURLWithin(raw, maxURLBytes) }

func parseURLWithin(raw string, limit int) (*url.URL, error) {
	if len(raw) > limit {
		return nil, &Error{Kind: Refused, Err: errors.New("URL too long")}
	}
	u, err := url.Parse(raw)
	if err != nil {
		// The parser's text repeats the URL, query and all.
		return nil, &Error{Kind: Refused, Err: errors.New("malformed URL")}
	}
	if err := checkURL(u); err != nil {
		return nil, &Error{Kind: Refused, URL: printable(u), Err: err}
	}
	return u, nil
}

func checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return errors.New("scheme is not https")
	case u.User != nil:
		return errors.New("URL carries a user name")
	case u.Hostname() == "":
		return errors.New("URL has no host")
	}
	return nil
}

// redirect reports whether a status asks for the same request elsewhere.
func redirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// follow returns where a redirect leads, if it may be followed.
func follow(from *url.URL, location string) (*url.URL, error) {
	refuse := func(reason string) error {
		return &Error{Kind: Refused, URL: printable(from), Err: errors.New(reason)}
	}
	if location == "" || len(location) > maxURLBytes {
		return nil, refuse("redirect without a usable location")
	}
	next, err := from.Parse(location)
	if err != nil {
		return nil, refuse("redirect without a usable location")
	}
	if next.Scheme != from.Scheme {
		return nil, refuse("redirect to another scheme")
	}
	if err := checkURL(next); err != nil {
		return nil, refuse("redirect: " + err.Error())
	}
	return next, nil
}
