package policy

import (
	"fmt"
	"slices"
	"strings"
)

// The sentences about resources in documents of kind Identity.
const (
	msgResourceARN       = "Resource %s must be in ARN format or \"*\"."
	msgResourcePartition = "Partition \"%s\" is not valid for resource \"arn:%s:%s:%s:%s:%s\"."
	msgResourceVendor    = "Resource vendor must be fully qualified and cannot contain regexes."
	msgIAMRegion         = "IAM resource %s cannot contain region information."
	msgS3Region          = "Resource %s can not contain region information."
	msgIAMPath           = "IAM resource path must either be \"*\" or start with %s."
)

// partitions are those that AWS has published.
var partitions = []string{"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"}

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

// newResourcePattern compiles a resource in which resourceFault found nothing
// wrong and which is not short.
func newResourcePattern(resource string) (resourcePattern, *Error) {
	if resource == "*" {
		return resourcePattern{every: true}, nil
	}
	notARN := fmt.Sprintf(msgResourceARN, resource)
	glob, err := newARNGlob(resource, true)
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
// like an ARN of its service.
func resourceFault(resource string) *Error {
	if resource == "*" {
		return nil
	}
	prefix, rest, ok := strings.Cut(resource, ":")
	if !ok {
		return malformed(fmt.Sprintf(msgResourceARN, resource), "no colon")
	}
	partition, rest, hasService := strings.Cut(rest, ":")
	switch {
	case !slices.Contains(partitions, partition):
		return malformed(partitionMessage(partition, rest), "resource %q", resource)
	case prefix != "arn":
		return malformed(fmt.Sprintf(msgResourceARN, resource), "does not begin with arn:")
	case !hasService:
		return malformed(msgResourceVendor, "resource %q", resource)
	}
	service, rest, _ := strings.Cut(rest, ":")
	if strings.ContainsAny(service, "*?") {
		return malformed(msgResourceVendor, "resource %q", resource)
	}
	region, rest, _ := strings.Cut(rest, ":")
	_, name, _ := strings.Cut(rest, ":")
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

func iamResourceFault(resource, region, name string) *Error {
	if region != "" {
		return malformed(fmt.Sprintf(msgIAMRegion, resource), "region %q", region)
	}
	if name != "*" && !hasAnyPrefix(name, iamPaths) {
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

// isShortARN reports whether a resource that is not * has fewer than six
// components or an empty service.
func isShortARN(resource string) bool {
	c := strings.SplitN(resource, ":", components)
	return resource != "*" && (len(c) < components || c[2] == "")
}

func hasAnyPrefix(s string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}
