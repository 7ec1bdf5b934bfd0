package cognito

import "github.com/daypass/daypass/internal/awsapi"

// The resources that the operations are about, as IAM names them. Operations
// on a pool name it; those without one are about the bare prefix, which is how
// AWS words it in a denial.

// ResourceARN implements awsapi.ResourceNamer.
func (in *DescribeIdentityPoolInput) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *DeleteIdentityPoolInput) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *IdentityPool) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *GetIdentityPoolRolesInput) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListIdentitiesInput) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *GetOpenIdTokenForDeveloperIdentityInput) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *LookupDeveloperIdentityInput) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *MergeDeveloperIdentitiesInput) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *UnlinkDeveloperIdentityInput) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *GetPrincipalTagAttributeMapInput) ResourceARN(c awsapi.Caller) string {
	return poolARN(c.Account, in.IdentityPoolId)
}

// ResourceARN implements awsapi.ResourceNamer.
func (in *TagResourceInput) ResourceARN(awsapi.Caller) string { return string(in.ResourceArn) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *UntagResourceInput) ResourceARN(awsapi.Caller) string { return string(in.ResourceArn) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListTagsForResourceInput) ResourceARN(awsapi.Caller) string { return string(in.ResourceArn) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *CreateIdentityPoolInput) ResourceARN(c awsapi.Caller) string { return anyPoolARN(c) }

// ResourceARN implements awsapi.ResourceNamer.
func (in *ListIdentityPoolsInput) ResourceARN(c awsapi.Caller) string { return anyPoolARN(c) }

func anyPoolARN(c awsapi.Caller) string {
	return "arn:aws:cognito-identity:" + c.Region + ":" + c.Account + ":identitypool/"
}
