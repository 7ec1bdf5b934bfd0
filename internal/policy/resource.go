package policy

import (
	"fmt"
	"slices"
	"strings"
)

// The sentences about resources in documents of all kinds but Trust.
const (
	msgResourceARN       = "Resource %s must be in ARN format or \"*\"."
	msgResourcePartition = "Partition \"%s\" is not valid for resource \"arn:%s:%s:%s:%s:%s\"."
	msgResourceVendor    = "Resource vendor must be fully qualified and cannot contain regexes."
	msgIAMRegion         = "IAM resource %s cannot contain region information."
	msgS3Region          = "Resource %s can not contain region information."
	msgIAMPath           = "IAM resource path must either be \"*\" or start with %s."
)

// partition is the one that everything here belongs to.
const partition = "aws"

// partitions are those that AWS has published.
var partitions = []string{partition, "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"}

// isForeign reports a partition of AWS's that is not ours. No resource here is in
// one, so that naming it is a mistake.
func isForeign(name string) bool { return name != partition && slices.Contains(partitions, name) }

// partitionOf is the second component of an ARN; empty if there is none.
func partitionOf(resource string) string {
	_, rest, _ := strings.Cut(resource, ":")
	name, _, _ := strings.Cut(rest, ":")
	return name
}

// iamPaths are the kinds of resource that IAM has, in the order of its sentence.
var iamPaths = []string{
	"user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/",
	"policy/", "sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/",
}

// s3Regional are the kinds of S3 resource that do have a region ("Resource
// types defined by Amazon S3" in the Service Authorization Reference).
var s3Regional = []string{
	"accesspoint/", "access-grants/", "async-request/", "job/", "storage-lens/", "storage-lens-group/",
}

// A resourcePattern is a compiled Resource: * or an ARN with wildcards and,
// after the fifth colon, variables.
type resourcePattern struct {
	every bool
	arn   arnGlob
}

func (p *resourcePattern) match(resource string, ctx Context) bool {
	return p.every || p.arn.match(resource, ctx)
}

// newResourcePattern compiles a complete resource in which resourceFault found
// nothing wrong.
func newResourcePattern(resource string, variables bool) (resourcePattern, error) {
	if resource == "*" {
		return resourcePattern{every: true}, nil
	}
	notARN := fmt.Sprintf(msgResourceARN, resource)
	glob, err := newARNGlob(resource, variables)
	if err != nil {
		return resourcePattern{}, &Error{Message: notARN, Err: err}
	}
	// IAM takes such a variable for text, which makes the pattern match nothing
	// (and a NotResource match everything) without a word.
	if glob.variablesBeforeResource() {
		return resourcePattern{}, malformed(notARN, "policy variable before the fifth colon")
	}
	return resourcePattern{arn: glob}, nil
}

// resourceFault is the sentence for a resource that is neither * nor looks
// like an ARN of its service. In the partition an asterisk stands for every one,
// as AWS's own policies have it; no other pattern does.
func (d *Document) resourceFault(resource string) error {
	if resource == "*" {
		return nil
	}
	prefix, rest, ok := strings.Cut(resource, ":")
	if !ok {
		return malformed(fmt.Sprintf(msgResourceARN, resource), "no colon")
	}
	named, rest, hasService := strings.Cut(rest, ":")
	switch {
	case named != partition && named != "*" && !(d.stored && isForeign(named)):
		return malformed(partitionMessage(named, rest), "resource %q", resource)
	case prefix != "arn":
		return malformed(fmt.Sprintf(msgResourceARN, resource), "does not begin with arn:")
	case !hasService:
		return malformed(msgResourceVendor, "resource %q", resource)
	}
	// Of a short ARN that cannot be completed, missing components are empty.
	c := append(strings.SplitN(complete(resource), ":", components), "", "", "")
	service, region, name := c[2], c[3], c[5]
	if strings.ContainsAny(service, "*?") {
		return malformed(msgResourceVendor, "resource %q", resource)
	}
	switch service {
	case "iam":
		return iamResourceFault(resource, region, name)
	case "s3":
		if region != "" && !hasAnyPrefix(name, s3Regional) {
			return malformed(fmt.Sprintf(msgS3Region, resource), "region %q", region)
		}
	}
	return nil
}

func iamResourceFault(resource, region, name string) error {
	if region != "" {
		return malformed(fmt.Sprintf(msgIAMRegion, resource), "region %q", region)
	}
	if name != "*" && name != "root" && !hasAnyPrefix(name, iamPaths) {
		return malformed(fmt.Sprintf(msgIAMPath, strings.Join(iamPaths, ", ")), "resource %q", resource)
	}
	return nil
}

// partitionMessage names the resource as IAM does: as an ARN whose missing
// components are asterisks.
func partitionMessage(partition, rest string) string {
	c := [4]string{"*", "*", "*", "*"}
	if rest != "" {
		for i, part := range strings.SplitN(rest, ":", len(c)) {
			c[i] = part
		}
	}
	return fmt.Sprintf(msgResourcePartition, partition, partition, c[0], c[1], c[2], c[3])
}

// complete adds what an ARN with fewer than six components lacks, as asterisks
// ("Incomplete ARNs" in the IAM User Guide: arn:aws:sqs is arn:aws:sqs:*:*:*). An
// ARN with an empty component is not known to mean anything, and stays.
func complete(resource string) string {
	c := strings.SplitN(resource, ":", components)
	if len(c) == 1 || slices.Contains(c, "") {
		return resource
	}
	return resource + strings.Repeat(":*", components-len(c))
}

// isShortARN reports a resource that is not * and has fewer than six components
// that cannot be completed, or has an empty service. A session policy must have
// them all.
func isShortARN(resource string, kind Kind) bool {
	if kind != Session {
		resource = complete(resource)
	}
	c := strings.SplitN(resource, ":", components)
	return resource != "*" && (len(c) < components || c[2] == "")
}

func hasAnyPrefix(s string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}
