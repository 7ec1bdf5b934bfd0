// Package target gets credentials from other STS: of a store such as MinIO, or of
// an AWS account.
//
// A target ([Target]) is one that the operator has named, with its URL and its
// dialect: AWS's STS is spoken by others with accents of their own. There are two
// ways to it. With a service key daypass calls AssumeRole, signed with a key that
// the target knows; by web identity it calls AssumeRoleWithWebIdentity with an
// OpenID token that it signs itself, for an audience that no client's token has
// ([openid.TargetAudience]).
//
// Who gets credentials of a target is decided before, and elsewhere: this package
// is told what the session may do ([Session]) and asks for no more. What policies
// allow goes along as the session policy ([policy.Render]); what cannot be said so
// is refused, and nothing is asked for without one.
//
// A target is another machine, whose answers are as hostile as any stranger's:
// they are short, are read with bounds, and come in bounded time. No more than a
// few requests wait for a target at once, so that one that is down keeps nobody
// waiting who does not need it.
package target
