package iam

// AWSManagedDocument is the document of one of AWS's managed policies, by its
// ARN; false for one that is not known here.
func AWSManagedDocument(policy string) (string, bool) {
	p, ok := awsPolicies[ArnType(policy)]
	if !ok {
		return "", false
	}
	return string(p.version.Document), true
}
