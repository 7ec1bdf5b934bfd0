package main

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/seal"
)

// callerCredentials are those that the AWS CLI would use: of the environment, or
// of the profile AWS_PROFILE in the file AWS_SHARED_CREDENTIALS_FILE, which may be
// the root credentials of a server. The file in the home directory is for AWS, and
// is taken only if it is named.
func callerCredentials(p *process) (client.Credentials, error) {
	c := client.Credentials{
		AccessKeyID:     p.getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: p.getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    p.getenv("AWS_SESSION_TOKEN"),
	}
	if c.AccessKeyID != "" {
		return c, nil
	}
	path := p.getenv("AWS_SHARED_CREDENTIALS_FILE")
	if path == "" {
		return c, errors.New("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SHARED_CREDENTIALS_FILE: this call is signed")
	}
	text, err := seal.ReadPrivate(path, maxSecrets)
	if err != nil {
		return c, fmt.Errorf("AWS_SHARED_CREDENTIALS_FILE: %w", err)
	}
	profile := cmp.Or(p.getenv("AWS_PROFILE"), "default")
	found := profileIn(text, profile)
	c = client.Credentials{
		AccessKeyID:     found["aws_access_key_id"],
		SecretAccessKey: found["aws_secret_access_key"],
		SessionToken:    found["aws_session_token"],
	}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return c, fmt.Errorf("AWS_SHARED_CREDENTIALS_FILE: %s has no aws_access_key_id and aws_secret_access_key for the profile %s", path, profile)
	}
	return c, nil
}

// profileIn reads the settings of a profile in a shared credentials file.
func profileIn(text []byte, profile string) map[string]string {
	found, here := map[string]string{}, false
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") {
			here = strings.TrimSpace(strings.Trim(line, "[]")) == profile
			continue
		}
		if name, value, ok := strings.Cut(line, "="); ok && here {
			found[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return found
}
