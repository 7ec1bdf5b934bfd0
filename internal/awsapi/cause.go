package awsapi

// Cause is a stable code for the true cause of a refusal. Clients see AWS's
// error, which often tells several causes apart no further; the operator finds
// the cause in the log under the request's ID. docs/causes.md lists them.
type Cause string
