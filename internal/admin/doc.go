// Package admin is the service daypass: operations that AWS does not have, for
// whoever runs the server. On the command line they are "daypass admin …".
//
// It takes back what was issued (RevokeSessions) and shows what was taken back
// (ListRevocations). What a revocation voids is the matter of package revocation,
// and what there is to revoke that of the services that own it ([Owners]).
//
// It streams backups (CreateBackup), which others make ([Backups]), and rotates keys,
// which others have ([SigningKeys]).
package admin
