// Package cli is the command line of the tables: "daypass cognito-identity
// get-id …" and so on, with the words, options, outputs, sentences and exit codes
// of AWS CLI version 2. A command is made from a row of a service's table and
// nothing else, so an operation that is added to a table is a command too.
//
// The way of a command: the words and options are read (parse.go) into a tree by
// the types of the operation's input (param.go, shorthand.go), checked as AWS's
// SDK checks them before it sends anything (validate.go), sent page by page
// (call.go, pages.go), and what comes back is asked the --query and printed
// (output.go, text.go, table.go).
//
// What is told of the AWS CLI here was read in version 2 and is held to it by a
// differential test in the module interop; what differs on purpose is in
// docs/compatibility.md.
package cli
