package awsapi

// Kind is the kind of a decoded value.
type Kind uint8

const (
	// Null is an explicit null; a member that is absent has no Node at all.
	Null Kind = iota
	// Bool is true or false, the text says which.
	Bool
	// Number is a number with its text as it was written.
	Number
	// Text is a string.
	Text
	// List is a list of values.
	List
	// Map is an object: structures and maps look alike on the wire.
	Map
	// Time is a timestamp, its text RFC 3339. No request is decoded to it; those who
	// write requests and read answers have it.
	Time
	// Form is a value of an AWS Query request, where everything is text: it has
	// text, members (after a dot), or both, and the shape decides what it is.
	Form
)

// Node is a decoded value of a request, before its shape is known.
type Node struct {
	Kind    Kind
	Text    string
	List    []Node
	Members []Member
}

// Member is a named value of an object, in the order of the request.
type Member struct {
	Name  string
	Value Node
}

// Member finds a named value; nil if it is absent.
func (n *Node) Member(name string) *Node {
	for i := range n.Members {
		if n.Members[i].Name == name {
			return &n.Members[i].Value
		}
	}
	return nil
}
