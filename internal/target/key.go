package target

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/sigv4"
)

// Key is a service key: an access key that the target knows, and may assume roles
// with.
type Key struct {
	sigv4.Credentials
	// Region is the one that requests are signed for; empty for the target's own.
	Region string
}

// ParseKey reads the profile [default] of a shared credentials file, as the AWS
// CLI does: lines of the form name = value. Other profiles are skipped, and other
// names in it.
func ParseKey(text []byte) (Key, error) {
	var k Key
	fields := map[string]*string{
		"aws_access_key_id": &k.AccessKeyID, "aws_secret_access_key": &k.SecretAccessKey, "aws_session_token": &k.SessionToken, "region": &k.Region,
	}
	profile := ""
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
			continue
		case line[0] == '[':
			if !strings.HasSuffix(line, "]") {
				return Key{}, fmt.Errorf("line %d: the name of a profile has no closing bracket", n)
			}
			profile = strings.TrimSpace(line[1 : len(line)-1])
			continue
		case profile != "default":
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			return Key{}, fmt.Errorf("line %d: give NAME = VALUE", n)
		}
		field := fields[strings.ToLower(strings.TrimSpace(name))]
		if field == nil {
			continue
		}
		if *field != "" {
			return Key{}, fmt.Errorf("line %d: %s is there twice", n, strings.TrimSpace(name))
		}
		if *field = strings.TrimSpace(value); !usable(*field, maxSessionToken) {
			return Key{}, fmt.Errorf("line %d: the value is empty or has other than printable ASCII characters", n)
		}
	}
	switch {
	case k.AccessKeyID == "" || k.SecretAccessKey == "":
		return Key{}, errors.New("the profile [default] needs aws_access_key_id and aws_secret_access_key")
	case k.Region != "" && !openid.ValidRegion(k.Region):
		return Key{}, errors.New("the region does not look like us-east-1")
	}
	return k, nil
}
