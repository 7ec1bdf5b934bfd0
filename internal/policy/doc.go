// Package policy reads, checks and evaluates IAM policy documents: the JSON
// language of "IAM JSON policy reference" in the IAM User Guide. It is pure:
// no I/O, no clock, no knowledge of which roles exist.
//
// # Words
//
// A document is a list of statements. A statement has an effect (Allow or
// Deny) and says when it applies: to which actions, on which resources, for
// which principals and under which conditions. Documents of the kinds
// [Identity], [Managed] and [Session] say what somebody may do (inline policies,
// managed ones and permissions boundaries, session policies): they name resources
// and no principals. A document of kind [Trust] belongs to a role and says who may
// assume it: it names principals and no resources, for the resource is the
// role.
//
// A condition compares the values that a request has for a condition key
// (aws:SourceIp, cognito-identity.amazonaws.com:aud) with values in the
// policy, by an operator (StringEquals, IpAddress). The facts of one request
// under their keys are its [Context]. A policy variable is a condition key in
// a pattern, ${aws:PrincipalTag/team}, standing for the request's value.
//
// # Reading
//
// [Parse] is strict: what it does not evaluate it refuses, so that nothing in
// a stored document is silently without effect. It does all the work that can
// be done once (operators, patterns, numbers, dates, address ranges, keys in
// lower case); what remains for a request is comparing. An [Error] carries the
// sentence that IAM answers with; those about trust policies differ from the others.
//
// [ParseStored] reads what an earlier version accepted, so that a rule which came
// later takes nobody's rights away. [Document.Changes] says what in it means
// something else than it did.
//
// # Evaluating
//
// [Document.Evaluate] answers with a [Decision]: its [Effect] and the
// statements that made it. An explicit deny outweighs every allow, and without
// an allow the answer is an implicit deny. [Decide] combines the documents of
// a session: identity-based policies allow, a permissions boundary and session
// policies only limit, and a deny in any of them is final.
//
// Evaluation costs time in proportion to the document and the request, never
// more than (length of pattern) × (length of value) for one pattern, and
// allocates only where a wildcard action is compared (one lower-cased copy), a
// case-insensitive comparison contains a variable, or several statements made
// the decision.
//
// # Rendering
//
// [Render] says in one session policy, in the dialect of a store that has its own
// evaluator, what a caller's documents allow together, and never more.
//
// # Choices where AWS is silent
//
//   - What replaces a variable, defaults included, is literal text: an asterisk in
//     a tag is an asterisk.
//   - A variable that has no single value makes its pattern match nothing; a
//     statement that allows everything but such a pattern (Allow with
//     NotResource) does not apply.
//   - A key with several values compared without ForAllValues or ForAnyValue
//     holds if any value matches, or, for a negated operator, if none does.
//   - A condition with an empty list of values never holds.
//   - ForAnyValue fails for a missing key with IfExists too, and for the empty string
//     alone.
//   - An asterisk as principal allows everybody but federated callers, who must
//     be named by their provider; in a Deny it means everybody.
package policy
