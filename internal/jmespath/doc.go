// Package jmespath evaluates JMESPath expressions (https://jmespath.org) on
// trees that keep the order of their members, as the AWS CLI's --query does: a
// multi-select hash prints in the order in which it was written, and the values
// of an object project in the order in which they came.
//
// The grammar is that of a kept library; the evaluator is here because those
// of the libraries work on Go maps, which forget the order. What the library
// parses beyond the specification that the AWS CLI implements (arithmetic, let
// expressions, the root node) is refused.
package jmespath
