package sigv4_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/daypass/daypass/internal/sigv4"
)

// A client signs a request, and a server finds out whose it is and verifies it.
func Example() {
	credentials := sigv4.Credentials{
		AccessKeyID:     "AKIDEXAMPLE",
		SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	}
	now := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)

	req := &sigv4.Request{
		Method: "POST",
		Path:   "/",
		Host:   "127.0.0.1:4600",
		Header: map[string][]string{"Content-Type": {"application/x-www-form-urlencoded"}},
		Body:   []byte("Action=GetCallerIdentity&Version=2011-06-15"),
	}
	if err := sigv4.Sign(req, credentials, "us-east-1", "sts", now); err != nil {
		fmt.Println(err)
		return
	}

	sig, err := sigv4.Parse(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("signed by", sig.AccessKeyID, "for", sig.Service, "in", sig.Region)

	options := sigv4.Options{Service: "sts", Now: now.Add(time.Minute), Skew: 5 * time.Minute}
	fmt.Println("verified:", sig.Verify(credentials.SecretAccessKey, options) == nil)

	options.Now = now.Add(10 * time.Minute)
	err = sig.Verify(credentials.SecretAccessKey, options)
	if refused, ok := errors.AsType[*sigv4.Error](err); ok {
		fmt.Println(refused.Kind, "-", refused.Message)
	}

	// Output:
	// signed by AKIDEXAMPLE for sts in us-east-1
	// verified: true
	// Expired - Signature expired: 20150830T123600Z is now earlier than 20150830T124100Z (20150830T124600Z - 5 min.)
}
