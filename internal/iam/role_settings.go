package iam

import (
	"strconv"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/arn"
)

// Tags of a role that begin with daypass: say something to daypass itself. They are
// tags so that every tool that makes roles can set them. Setting one, or removing
// it, needs an action besides that of the operation, since whoever may give a role
// tags should not thereby choose which store its sessions reach, or for how long.

// The keys of those tags. As all keys of tags they are compared ignoring case.
const (
	settingPrefix          = "daypass:"
	settingTarget          = "daypass:target"
	settingTargetRole      = "daypass:target-role"
	settingSessionDuration = "daypass:session-duration"
)

// The actions that they need.
const (
	actionLinkTarget         = "daypass:LinkTarget"
	actionSetSessionDuration = "daypass:SetSessionDuration"
)

var roleTagActions = map[string]string{
	settingTarget:          actionLinkTarget,
	settingTargetRole:      actionLinkTarget,
	settingSessionDuration: actionSetSessionDuration,
}

// RoleSettings is what the tags of a role say to daypass. They are read when the
// tags are set, and kept beside them: a tag that was stored before daypass read it
// has no meaning, and stays without until it is set again.
type RoleSettings struct {
	// Target is the name of the target whose credentials the enhanced flow gives in
	// place of ours; empty for ours.
	Target string
	// TargetRole is the ARN of the role to assume there.
	TargetRole string
	// SessionSeconds is how long credentials of the enhanced flow last; zero where
	// no tag says.
	SessionSeconds int
}

// The least and the most that daypass:session-duration can say, in seconds.
const (
	minSessionSeconds = 900
	maxSessionSeconds = 43200
)

// SessionDuration is how long credentials of the enhanced flow last: an hour, or
// what the tag says within the role's MaxSessionDuration.
func (r *RoleEntity) SessionDuration() time.Duration {
	if r.Settings.SessionSeconds == 0 {
		return time.Hour
	}
	return time.Duration(min(r.Settings.SessionSeconds, int(r.MaxSession()))) * time.Second
}

// set are the settings after tags were set.
func (s RoleSettings) set(tags TagListType) (RoleSettings, error) {
	for _, t := range tags {
		key, value := tagKey(t.Key), string(t.Value)
		if !strings.HasPrefix(key, settingPrefix) {
			continue
		}
		switch key {
		case settingTarget:
			if !targetName(value) {
				return s, badSetting(t, "the name of a target has 1 to 64 lower-case letters, digits and hyphens, and begins with a letter or digit")
			}
			s.Target = value
		case settingTargetRole:
			if !targetRole(value) {
				return s, badSetting(t, "give the ARN of a role, such as arn:aws:iam::123456789012:role/name")
			}
			s.TargetRole = value
		case settingSessionDuration:
			seconds, err := strconv.Atoi(value)
			if err != nil || strconv.Itoa(seconds) != value || seconds < minSessionSeconds || seconds > maxSessionSeconds {
				return s, badSetting(t, "give a number of seconds from 900 to 43200")
			}
			s.SessionSeconds = seconds
		default:
			return s, unknownSetting(t)
		}
	}
	return s, nil
}

// unset are the settings after tags were removed.
func (s RoleSettings) unset(keys TagKeyListType) RoleSettings {
	for _, key := range keys {
		switch tagKey(key) {
		case settingTarget:
			s.Target = ""
		case settingTargetRole:
			s.TargetRole = ""
		case settingSessionDuration:
			s.SessionSeconds = 0
		}
	}
	return s
}

// maxTargetName is the longest name of a target.
const maxTargetName = 64

func targetName(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	return s != "" && len(s) <= maxTargetName && s[0] != '-' && strings.Trim(s, letters+"-") == ""
}

// targetRole says whether a text is the ARN of a role, of whatever partition and
// with or without an account: stores have forms of their own.
func targetRole(s string) bool {
	a, err := arn.Parse(s)
	name, ok := strings.CutPrefix(a.Resource, "role/")
	printable := !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
	return err == nil && ok && name != "" && a.Service == "iam" && a.Region == "" && printable && len(s) >= minTargetRole
}

// minTargetRole is the shortest RoleArn of STS.
const minTargetRole = 20
