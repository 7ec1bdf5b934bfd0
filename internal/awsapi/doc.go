// Package awsapi says what an AWS operation is, for every service and every
// protocol of the house.
//
// A service is a table ([Service]) with one row ([Operation]) per operation of
// the AWS API reference: its name, who may call it ([Auth]), a sentence, the
// method that does it and the exceptions it may answer with. The input and
// output types are the method's own, so the compiler checks that the row and
// the method belong together.
//
// The types of the wire (shapes) are ordinary Go types spelled as AWS spells
// them: the field names are the wire names. What a value of a shape must look
// like (length, pattern, enumeration, range) is declared once for the type
// with [Shapes]; that a member must be present is said at the member with the
// tag `aws:"required"` ([MemberTag]).
//
// A protocol (AWS JSON, AWS Query) turns the bytes of a request into a tree of
// [Node] values, [Row.Bind] turns the tree into the input type and checks
// every constraint in the same walk, speaking AWS's sentences. Null, absent,
// empty and wrongly typed stay different things until then. The sentences quote
// what was sent, as AWS's do, unless it is sensitive; how much of it is bounded,
// far above what an honest client sends, so that a message does not grow with a
// stranger's request.
//
// An operation answers with its output or an [Error]; anything else that
// reaches the edge is an internal error whose text no client sees.
package awsapi
