package instance_test

import (
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/awsapi"
)

// names says what goes into the required members of inputs, by their names on
// the wire. The members of all services are here, so that an operation with the
// usual members needs nothing said about it.
type names map[string]any

// namesOf are the names that a world has.
func namesOf(pool, identity, role, user, policy, key string) names {
	const iam = "arn:aws:iam::123456789012:"
	document := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
	return names{
		"IdentityPoolId": pool, "IdentityId": identity, "IdentityIdsToDelete": []any{identity}, "ResourceArn": poolARN(pool),
		"IdentityPoolName": "x", "AllowUnauthenticatedIdentities": true, "IdentityProviderName": "p", "DeveloperProviderName": "dev",
		"SourceUserIdentifier": "a", "DestinationUserIdentifier": "b", "DeveloperUserIdentifier": "u", "MaxResults": 1,
		"Logins": map[string]any{"dev": "u"}, "LoginsToRemove": []any{}, "Roles": map[string]any{},

		"RoleName": role, "UserName": user, "PolicyName": "p", "PolicyArn": iam + "policy/" + policy, "VersionId": "v1", "AccessKeyId": key,
		"PolicyDocument": document, "AssumeRolePolicyDocument": document, "Description": "d", "Status": "Active", "SecretAccessKey": strings.Repeat("x", 40),
		"PermissionsBoundary": iam + "policy/" + policy, "PolicySourceArn": iam + "role/" + role,
		"PolicyInputList": []any{document}, "ActionNames": []any{"s3:GetObject"},
		"Url": "https://idp.example", "OpenIDConnectProviderArn": iam + "oidc-provider/idp.example", "ClientID": "a",
		"ThumbprintList": []any{strings.Repeat("0", 40)}, "Name": "idp", "SAMLProviderArn": iam + "saml-provider/idp",
		"SAMLMetadataDocument": strings.Repeat("x", 1000), "Key": "a", "Value": "b", "TagKeys": []any{"a"},

		"RoleArn": iam + "role/" + role, "RoleSessionName": "session", "WebIdentityToken": "token", "PrincipalArn": iam + "saml-provider/idp",
		"SAMLAssertion": "assertion", "TargetName": "nowhere", "OperationName": "GetId",
	}
}

// least is an input with what an operation needs at least.
func least(t *testing.T, op awsapi.Operation, names names) map[string]any {
	t.Helper()
	in := structure(t, op.In, names)
	if op.Name == "TagResource" {
		in["Tags"] = map[string]any{"a": "b"} // not a list of keys and values, as everywhere else
	}
	return in
}

func structure(t *testing.T, of reflect.Type, names names) map[string]any {
	t.Helper()
	in := map[string]any{}
	for i := range of.NumField() {
		f := of.Field(i)
		if f.Tag.Get("aws") == "required" || f.Name == "UserName" { // without one some operations are about the caller
			in[f.Name] = member(t, f.Name, f.Type, names)
		}
	}
	return in
}

func member(t *testing.T, name string, of reflect.Type, names names) any {
	t.Helper()
	value, ok := names[name]
	switch {
	case ok:
		return value
	case of.Kind() == reflect.Struct:
		return structure(t, of, names)
	case of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Struct:
		return []any{structure(t, of.Elem(), names)}
	case of.Kind() == reflect.Map:
		return map[string]any{}
	}
	t.Fatalf("a required member %s that nobody has a value for: say it in namesOf", name)
	return nil
}

// formOf writes an input as a form's names and values in turn.
func formOf(prefix string, value any) []string {
	switch value := value.(type) {
	case map[string]any:
		var form []string
		for name, v := range value {
			form = append(form, formOf(strings.TrimPrefix(prefix+"."+name, "."), v)...)
		}
		return form
	case []any:
		var form []string
		for i, v := range value {
			form = append(form, formOf(prefix+".member."+strconv.Itoa(i+1), v)...)
		}
		return form
	case string:
		return []string{prefix, value}
	case int:
		return []string{prefix, strconv.Itoa(value)}
	case bool:
		return []string{prefix, strconv.FormatBool(value)}
	}
	return nil
}
