package declare

// kind is a list that files have, and what each of its elements is: the input of an
// operation, and more. What is read and what the schema says both come from here.
type kind struct {
	list, service, operation string
	// name is the member that says which one it is.
	name string
	// more are the members besides those of the operation, with their schemas.
	more []extra
	// other are the schemas of members of the operation that files may write otherwise.
	other []extra
	// free are members of the operation that files may leave out, though it wants them.
	free []string
}

// extra is a member with its schema, in JSON.
type extra struct{ name, schema string }

const (
	namesSchema   = `{"type":"array","items":{"$ref":"#/definitions/Name"}}`
	secretSchema  = `{"anyOf":[{"type":"string"},{"$ref":"#/definitions/Secret"}]}`
	shortSchema   = `{"type":"object","properties":{"Policy":{"$ref":"#/definitions/Policy"}},"required":["Policy"],"additionalProperties":false}`
	boundaryWords = `The permissions boundary: the name of a managed policy, or its ARN.`
)

var (
	policiesExtra = extra{"Policies", `{"description":"Inline policies: {NAME: POLICY}.","type":"object","additionalProperties":{"$ref":"#/definitions/Policy"}}`}
	attachedExtra = extra{"AttachedPolicyArns", `{"description":"Managed policies: names, or ARNs.","type":"array","items":{"$ref":"#/definitions/Name"}}`}
	boundaryOther = extra{"PermissionsBoundary", `{"description":"` + boundaryWords + `","type":"string","minLength":1}`}
)

var (
	managedPolicies = kind{list: "ManagedPolicies", service: "iam", operation: "CreatePolicy", name: "PolicyName"}
	oidcProviders   = kind{list: "OpenIDConnectProviders", service: "iam", operation: "CreateOpenIDConnectProvider", name: "Url"}
	samlProviders   = kind{list: "SAMLProviders", service: "iam", operation: "CreateSAMLProvider", name: "Name", other: []extra{
		{"SAMLMetadataDocument", `{"description":"The metadata, or the file that has it: {file: PATH}.","anyOf":[{"type":"string","minLength":1000},{"$ref":"#/definitions/Place"}]}`},
	}}
	roles = kind{list: "Roles", service: "iam", operation: "CreateRole", name: "RoleName", more: []extra{policiesExtra, attachedExtra}, other: []extra{boundaryOther}}
	users = kind{list: "Users", service: "iam", operation: "CreateUser", name: "UserName", more: []extra{policiesExtra, attachedExtra,
		{"AccessKeys", `{"type":"array","items":{"type":"object","properties":{"AccessKeyId":{"type":"string","minLength":16,"maxLength":128},"SecretAccessKey":` + secretSchema +
			`,"Status":{"description":"Left out, it stays as it is.","enum":["Active","Inactive"]}},"required":["AccessKeyId","SecretAccessKey"],"additionalProperties":false}}`},
	}, other: []extra{boundaryOther}}
	pools = kind{list: "IdentityPools", service: "cognito-identity", operation: "UpdateIdentityPool", name: "IdentityPoolId", free: []string{"AllowUnauthenticatedIdentities"}, more: []extra{
		{"Roles", `{"description":"The roles: names, or ARNs.","type":"object","properties":{"authenticated":{"$ref":"#/definitions/Name"},"unauthenticated":{"$ref":"#/definitions/Name"}},"additionalProperties":false}`},
		{"RoleMappings", ""}, // as SetIdentityPoolRoles has it
		{"PrincipalTags", `{"description":"Claims that become principal tags, by provider.","type":"object","additionalProperties":{"type":"object","properties":{"UseDefaults":{"type":"boolean"},"PrincipalTags":{"type":"object","additionalProperties":{"type":"string"}}},"additionalProperties":false}}`},
		{"Adopt", `{"description":"Ask Amazon Cognito for the identity of a login that the pool does not know, and keep its ID, until a date.","type":"object","properties":{"Until":{"type":"string","minLength":1},"Host":{"description":"AWS's is the default.","type":"string","minLength":1,"maxLength":260},"QuestionsPerSecond":{"type":"integer","minimum":1,"maximum":1000},"Providers":{"type":"array","items":{"type":"string","minLength":1},"maxItems":100}},"required":["Until"],"additionalProperties":false}`},
		{"DeveloperUsers", `{"description":"Developer user identifiers that get identities.",` + namesSchema[1:]},
		{"Provider", `{"description":"Short form: an OpenID Connect provider, which is made too.","type":"object","properties":{"Url":{"type":"string","minLength":1},"ClientId":{"$ref":"#/definitions/Name"}},"required":["Url","ClientId"],"additionalProperties":false}`},
		{"Authenticated", `{"description":"Short form: the policy of the role for users who have signed in, which is made too.",` + shortSchema[1:]},
		{"Unauthenticated", `{"description":"Short form: the policy of the role for guests, which is made too.",` + shortSchema[1:]},
	}, other: []extra{
		{"IdentityPoolId", `{"description":"REGION:GUID. uuidgen makes a GUID.","type":"string","pattern":"` + poolIDPattern + `"}`},
		{"OpenIdConnectProviderARNs", `{"description":"Providers: URLs, or ARNs.",` + namesSchema[1:]},
	}}
)

// kinds are all of them, in the order in which they are written.
var kinds = []kind{managedPolicies, oidcProviders, samlProviders, roles, users, pools}

// moreNames are the names of the members that are none of the operation.
func (k kind) moreNames() (names []string) {
	for _, m := range k.more {
		names = append(names, m.name)
	}
	return names
}
