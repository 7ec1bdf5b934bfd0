package instance_test

import (
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/iam"
)

// Tags by which daypass changes what a role gives need an action of their own, by
// whatever operation they are set or removed, and on that role.
func TestTagsNeedActionsOfTheirOwn(t *testing.T) {
	s := newTeam(t)
	const ownRole = "arn:aws:iam::123456789012:role/user"
	const app = "arn:aws:iam::123456789012:role/team/app"
	tags := func(pairs ...string) (form []string) {
		for i := 0; i < len(pairs); i += 2 {
			n := "Tags.member." + string(rune('1'+i/2)) + "."
			form = append(form, n+"Key", pairs[i], n+"Value", pairs[i+1])
		}
		return form
	}
	create := []string{"RoleName", "made", "Path", "/team/", "AssumeRolePolicyDocument", trust(s.pool, "authenticated")}
	const link, length = "daypass:LinkTarget", "daypass:SetSessionDuration"
	target, role, duration := tags("team", "red", "Daypass:Target", "minio"), tags("daypass:target-role", "arn:aws:iam:::role/photos"), tags("daypass:session-duration", "900")
	for name, test := range map[string]struct {
		action string
		form   []string
		needs  []string
		names  string // what the refusal calls the resource
	}{
		"create with a target":        {"CreateRole", append(create, target...), []string{link}, "arn:aws:iam::123456789012:role/team/made"},
		"create with a target role":   {"CreateRole", append(create, role...), []string{link}, "arn:aws:iam::123456789012:role/team/made"},
		"create with a duration":      {"CreateRole", append(create, duration...), []string{length}, "arn:aws:iam::123456789012:role/team/made"},
		"create with others":          {"CreateRole", append(create, tags("team", "red", "xdaypass:target", "x")...), nil, ""},
		"tag with a target":           {"TagRole", append([]string{"RoleName", "app"}, target...), []string{link}, "role app"},
		"tag with a target role":      {"TagRole", append([]string{"RoleName", "app"}, role...), []string{link}, "role app"},
		"tag with a duration":         {"TagRole", append([]string{"RoleName", "app"}, duration...), []string{length}, "role app"},
		"tag with all":                {"TagRole", append([]string{"RoleName", "app"}, tags("daypass:target", "minio", "daypass:target-role", "arn:aws:iam:::role/photos", "daypass:session-duration", "900")...), []string{link, length}, "role app"},
		"tag with others":             {"TagRole", append([]string{"RoleName", "app"}, tags("team", "red")...), nil, ""},
		"remove a target":             {"UntagRole", []string{"RoleName", "app", "TagKeys.member.1", "DAYPASS:TARGET"}, []string{link}, "role app"},
		"remove a target role":        {"UntagRole", []string{"RoleName", "app", "TagKeys.member.1", "x", "TagKeys.member.2", "daypass:target-role"}, []string{link}, "role app"},
		"remove a duration":           {"UntagRole", []string{"RoleName", "app", "TagKeys.member.1", "daypass:session-duration"}, []string{length}, "role app"},
		"remove one of before":        {"UntagRole", []string{"RoleName", "app", "TagKeys.member.1", "daypass:old"}, nil, ""},
		"a role that is not there":    {"TagRole", append([]string{"RoleName", "nobody"}, target...), []string{link}, "role nobody"},
		"a value that cannot be read": {"TagRole", append([]string{"RoleName", "app"}, tags("daypass:target", "")...), []string{link}, "role app"},
	} {
		t.Run(name, func(t *testing.T) {
			do := func() *client.Error {
				_, err := s.alice.Query(t.Context(), iam.API, test.action, test.form...)
				if err == nil {
					return nil
				}
				return err.(*client.Error)
			}
			all := `["iam:*"`
			for _, action := range test.needs {
				s.may(allow(all+"]", `"*"`, ""))
				want := "User: " + aliceARN + " is not authorized to perform: " + action + " on resource: " + test.names +
					" because no identity-based policy allows the " + action + " action"
				if e := do(); e == nil || e.Status != 403 || e.Code != "AccessDenied" || e.Message != want {
					t.Errorf("without %s: %v", action, e)
				}
				all += `,"` + action + `"`
				// One role is another's neighbour.
				s.may(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"},{"Effect":"Allow","Action":"daypass:*","Resource":"` + ownRole + `"}]}`)
				if e := do(); e == nil || e.Message != "User: "+aliceARN+" is not authorized to perform: "+test.needs[0]+" on resource: "+test.names+
					" because no identity-based policy allows the "+test.needs[0]+" action" {
					t.Errorf("with %s on another role: %v", action, e)
				}
			}
			s.may(allow(all+"]", `"*"`, ""))
			if e := do(); e != nil && refuses(e) {
				t.Errorf("with all: %v", e)
			}
			_, _ = s.clientOf("us-east-1").Query(t.Context(), iam.API, "DeleteRole", "RoleName", "made")
		})
	}
	// The value that the request sets is a condition key.
	s.may(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:TagRole","Resource":"*"},{"Effect":"Allow","Action":"daypass:LinkTarget","Resource":"` + app + `",` +
		`"Condition":{"StringEquals":{"aws:RequestTag/daypass:target":"minio"}}}]}`)
	if _, err := s.alice.Query(t.Context(), iam.API, "TagRole", append([]string{"RoleName", "app"}, tags("daypass:target", "minio")...)...); err != nil {
		t.Error(err)
	}
	if _, err := s.alice.Query(t.Context(), iam.API, "TagRole", append([]string{"RoleName", "app"}, tags("daypass:target", "aws")...)...); err == nil {
		t.Error("linked to another target than the policy allows")
	}
}

// Credentials of the enhanced flow last as long as the role's tag says, from the
// sign-in after the tag was set.
func TestSessionDurationTag(t *testing.T) {
	c := newClock()
	s := newStory(t, daypasstest.Config{Now: c.now})
	token := s.signIn("alice")
	id := s.mustID(token)
	lasts := func(in map[string]any) time.Duration {
		t.Helper()
		out, err := call(s.public(), "GetCredentialsForIdentity", in)
		if err != nil {
			t.Fatal(err)
		}
		seconds := out["Credentials"].(map[string]any)["Expiration"].(float64)
		return time.Unix(int64(seconds), 0).Sub(c.now().Truncate(time.Second))
	}
	alice := map[string]any{"IdentityId": id, "Logins": map[string]string{s.providerName(): token}}
	guest := map[string]any{"IdentityId": s.mustID("")}
	for _, role := range []string{"user", "guest"} {
		s.query("UpdateRole", "RoleName", role, "MaxSessionDuration", "7200")
	}
	if got := lasts(alice); got != time.Hour {
		t.Errorf("%s without the tag", got)
	}
	for _, role := range []string{"user", "guest"} {
		s.query("TagRole", "RoleName", role, "Tags.member.1.Key", "daypass:session-duration", "Tags.member.1.Value", "7200")
	}
	if user, guest := lasts(alice), lasts(guest); user != 2*time.Hour || guest != time.Hour {
		t.Errorf("user %s, guest %s", user, guest)
	}
}
