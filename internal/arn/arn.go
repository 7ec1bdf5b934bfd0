// Package arn reads and writes Amazon Resource Names.
//
// An ARN is six components separated by colons,
//
//	arn:partition:service:region:account:resource
//
// where the resource may itself contain colons. Region and account are empty
// for resources that have none; the other components never are. The words are
// those of "Identify AWS resources with Amazon Resource Names" in the IAM User
// Guide.
//
// The package knows nothing of policies, services or which resources exist.
package arn

import (
	"errors"
	"fmt"
	"strings"
)

// MaxLength is the longest ARN in bytes that [Parse] reads: the limit of the
// IAM API's arnType.
const MaxLength = 2048

// ErrSyntax is what every error of [Parse] wraps.
var ErrSyntax = errors.New("arn: not an ARN")

// ARN is a name taken apart. The zero value is no ARN.
type ARN struct {
	// Partition is the group of regions, such as aws or aws-cn.
	Partition string
	// Service is the service's namespace, such as iam.
	Service string
	// Region is empty for global resources.
	Region string
	// Account is the owner's 12 digits, "aws" for what AWS owns, or empty.
	Account string
	// Resource is all the rest, colons included.
	Resource string
}

// Parse takes s apart. It insists on the shape of an ARN (prefix, six
// components, none of partition, service and resource empty, printable ASCII
// up to the fifth colon) and leaves the meaning of each component to those who
// know the service.
func Parse(s string) (ARN, error) {
	if len(s) > MaxLength {
		return ARN{}, fmt.Errorf("%w: longer than %d bytes", ErrSyntax, MaxLength)
	}
	c, ok := split(s)
	switch {
	case !ok:
		return ARN{}, fmt.Errorf("%w: fewer than six components", ErrSyntax)
	case c[0] != "arn":
		return ARN{}, fmt.Errorf("%w: does not begin with arn:", ErrSyntax)
	case c[1] == "" || c[2] == "" || c[5] == "":
		return ARN{}, fmt.Errorf("%w: empty partition, service or resource", ErrSyntax)
	}
	for _, part := range c[1:5] {
		if !printableASCII(part) {
			return ARN{}, fmt.Errorf("%w: other than printable ASCII before the resource", ErrSyntax)
		}
	}
	return ARN{Partition: c[1], Service: c[2], Region: c[3], Account: c[4], Resource: c[5]}, nil
}

// String puts the name together again: Parse(s).String() is s.
func (a ARN) String() string {
	return "arn:" + a.Partition + ":" + a.Service + ":" + a.Region + ":" + a.Account + ":" + a.Resource
}

func printableASCII(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// split cuts s at its first five colons.
func split(s string) (c [6]string, ok bool) {
	for i := range 5 {
		c[i], s, ok = strings.Cut(s, ":")
		if !ok {
			return c, false
		}
	}
	c[5] = s
	return c, true
}
