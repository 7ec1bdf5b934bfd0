package iam

// The named strings, numbers and lists of simulations.
type (
	// An action, service:Name.
	ActionNameType string
	// A column of a line, from 1.
	ColumnNumber int32
	// The name of a condition key.
	ContextKeyNameType string
	// The type of a condition key's values.
	ContextKeyTypeEnum string
	// A value of a condition key.
	ContextKeyValueType string
	// A kind of policy that takes part in a decision.
	EvalDecisionSourceType string
	// A line of a document, from 1.
	LineNumber int32
	// What a policy is called: its place in the input, or its name.
	PolicyIdentifierType string
	// A decision: allowed, explicitDeny or implicitDeny.
	PolicyEvaluationDecisionType string
	// Where a policy comes from.
	PolicySourceType string
	// A scenario of Amazon EC2.
	ResourceHandlingOptionType string
	// The ARN of a resource, or *.
	ResourceNameType string

	// Actions.
	ActionNameListType []ActionNameType
	// Condition keys with their values.
	ContextEntryListType []ContextEntry
	// Names of condition keys.
	ContextKeyNamesResultListType []ContextKeyNameType
	// Values of a condition key.
	ContextKeyValueListType []ContextKeyValueType
	// How each kind of policy decides.
	EvalDecisionDetailsType map[EvalDecisionSourceType]PolicyEvaluationDecisionType
	// Results of a simulation.
	EvaluationResultsListType []EvaluationResult
	// Resources.
	ResourceNameListType []ResourceNameType
	// Results for single resources.
	ResourceSpecificResultListType []ResourceSpecificResult
	// Policy documents.
	SimulationPolicyListType []PolicyDocumentType
	// Statements of policies.
	StatementListType []Statement
)

// ContextEntry gives a condition key its values.
type ContextEntry struct {
	// The condition key, ignoring case.
	ContextKeyName ContextKeyNameType
	// The values; none at all leave the key out.
	ContextKeyValues ContextKeyValueListType
	// The type of the values.
	ContextKeyType ContextKeyTypeEnum
}

// Statement says where a statement stands.
type Statement struct {
	// The policy: PolicyInputList.1 for the first of the input, the name of a
	// managed policy, role_ROLE_NAME or user_USER_NAME for an inline policy.
	SourcePolicyId PolicyIdentifierType
	// The kind of policy.
	SourcePolicyType PolicySourceType
	// Where the statement begins.
	StartPosition *Position
	// Where the statement ends.
	EndPosition *Position
}

// Position is a place in the text of a policy.
type Position struct {
	// The line, from 1.
	Line LineNumber
	// The column, from 1.
	Column ColumnNumber
}

// PermissionsBoundaryDecisionDetail says what the permissions boundary decides.
type PermissionsBoundaryDecisionDetail struct {
	// Whether the permissions boundary allows the action.
	AllowedByPermissionsBoundary BooleanType
}

// OrganizationsDecisionDetail says what the policies of an organization decide.
// There are none here.
type OrganizationsDecisionDetail struct {
	// Whether the organization allows the action.
	AllowedByOrganizations BooleanType
}

// EvaluationResult is the decision about an action on a resource.
type EvaluationResult struct {
	// The action.
	EvalActionName ActionNameType `aws:"required"`
	// The resource.
	EvalResourceName ResourceNameType
	// The decision: allowed, explicitDeny or implicitDeny.
	EvalDecision PolicyEvaluationDecisionType `aws:"required"`
	// The statements that made the decision.
	MatchedStatements StatementListType
	// The condition keys that the policies mention and that have no value.
	MissingContextValues ContextKeyNamesResultListType
	// What the policies of the organization decide. Never there.
	OrganizationsDecisionDetail *OrganizationsDecisionDetail
	// What the permissions boundary decides, if there is one.
	PermissionsBoundaryDecisionDetail *PermissionsBoundaryDecisionDetail
	// How each kind of policy decides across accounts: empty, where resources were
	// named.
	EvalDecisionDetails EvalDecisionDetailsType
	// The same for the resource, where resources were named.
	ResourceSpecificResults ResourceSpecificResultListType
}

// ResourceSpecificResult is the decision about an action on a resource that was
// named.
type ResourceSpecificResult struct {
	// The resource.
	EvalResourceName ResourceNameType `aws:"required"`
	// The decision: allowed, explicitDeny or implicitDeny.
	EvalResourceDecision PolicyEvaluationDecisionType `aws:"required"`
	// The statements that made the decision.
	MatchedStatements StatementListType
	// The condition keys that the policies mention and that have no value.
	MissingContextValues ContextKeyNamesResultListType
	// How each kind of policy decides across accounts. Never there.
	EvalDecisionDetails EvalDecisionDetailsType
	// What the permissions boundary decides, if there is one.
	PermissionsBoundaryDecisionDetail *PermissionsBoundaryDecisionDetail
}

// SimulateCustomPolicyRequest is the input of SimulateCustomPolicy.
type SimulateCustomPolicyRequest struct {
	// The policies, which together say what is allowed.
	PolicyInputList SimulationPolicyListType `aws:"required"`
	// The permissions boundary; at most one.
	PermissionsBoundaryPolicyInputList SimulationPolicyListType
	// The actions.
	ActionNames ActionNameListType `aws:"required"`
	// The resources; * if absent.
	ResourceArns ResourceNameListType
	// A policy of the resource. Not supported.
	ResourcePolicy PolicyDocumentType
	// The owner of the resource: the account's root. Others are not supported.
	ResourceOwner ResourceNameType
	// The ARN of the user who would call.
	CallerArn ResourceNameType
	// The condition keys that the request would have.
	ContextEntries ContextEntryListType
	// A scenario of Amazon EC2. Not supported.
	ResourceHandlingOption ResourceHandlingOptionType
	// The most results that the page may have; 100 if absent.
	MaxItems *MaxItemsType
	// The pagination token from the previous page.
	Marker MarkerType
}

// SimulatePrincipalPolicyRequest is the input of SimulatePrincipalPolicy.
type SimulatePrincipalPolicyRequest struct {
	// The ARN of the user or role whose policies are asked.
	PolicySourceArn ArnType `aws:"required"`
	// Policies that are asked as if the user or role had them too.
	PolicyInputList SimulationPolicyListType
	// The permissions boundary in place of its own; at most one.
	PermissionsBoundaryPolicyInputList SimulationPolicyListType
	// The actions.
	ActionNames ActionNameListType `aws:"required"`
	// The resources; * if absent.
	ResourceArns ResourceNameListType
	// A policy of the resource. Not supported.
	ResourcePolicy PolicyDocumentType
	// The owner of the resource: the account's root. Others are not supported.
	ResourceOwner ResourceNameType
	// The ARN of the user who would call, if not PolicySourceArn.
	CallerArn ResourceNameType
	// The condition keys that the request would have.
	ContextEntries ContextEntryListType
	// A scenario of Amazon EC2. Not supported.
	ResourceHandlingOption ResourceHandlingOptionType
	// The most results that the page may have; 100 if absent.
	MaxItems *MaxItemsType
	// The pagination token from the previous page.
	Marker MarkerType
}

// SimulatePolicyResponse is the output of SimulateCustomPolicy and
// SimulatePrincipalPolicy.
type SimulatePolicyResponse struct {
	// The results of the page, by action and then by resource.
	EvaluationResults EvaluationResultsListType
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// GetContextKeysForCustomPolicyRequest is the input of GetContextKeysForCustomPolicy.
type GetContextKeysForCustomPolicyRequest struct {
	// The policies.
	PolicyInputList SimulationPolicyListType `aws:"required"`
}

// GetContextKeysForPolicyResponse is the output of GetContextKeysForCustomPolicy.
type GetContextKeysForPolicyResponse struct {
	// The condition keys that the policies mention.
	ContextKeyNames ContextKeyNamesResultListType
}
