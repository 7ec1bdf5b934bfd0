package awsapi

// Wire is a client's side of a protocol, the other way round of [Protocol]: it
// writes inputs and reads outputs, as trees. Like it, it knows tables and types,
// and no operation by name.
type Wire interface {
	// EncodeInput writes a request. Values of a [Time] type are Time nodes.
	EncodeInput(row *Row, in Node) (Post, error)
	// DecodeOutput reads an operation's answer: the members of structures come in
	// the order of the API model, unknown ones are left out. Bytes that are not
	// such an answer are an error.
	DecodeOutput(row *Row, body []byte) (Node, error)
	// DecodeError reads the code and the message of an error. They are empty where
	// the body is no error of the protocol.
	DecodeError(body []byte) (code, message string)
}

// Post is a request as a protocol wants it on the wire: a POST to /.
type Post struct {
	// Header are names and values in turn, the content type among them.
	Header []string
	Body   []byte
}
