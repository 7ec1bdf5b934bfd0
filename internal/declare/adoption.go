package declare

import (
	"slices"
	"strconv"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
)

// defaultQuestions is how often a pool asks where a file does not say it.
const defaultQuestions = "10"

// awsHost is where Amazon Cognito answers.
func awsHost(region string) string { return "cognito-identity." + region + ".amazonaws.com" }

// adopts reads how a pool adopts: the member Adopt, in which the host is AWS's where it
// is not said.
func (f *File) adopts(v *value, p *pool, what string) error {
	if v == nil || v.kind == awsapi.Null {
		return nil
	}
	field, _ := f.rows("daypass", "SetIdentityPoolAdoption").Input().Member("Adoption")
	n, err := typed(v, field.Type, what+"'s Adopt")
	if err != nil {
		return err
	}
	if n.Member("Until") == nil {
		return mistake(v.line, "%s's Adopt has no Until, the date when adoption ends", what)
	}
	p.adopt = adoption(n, p.region)
	return nil
}

// adoption is how a pool adopts, with all that need not be said.
func adoption(n awsapi.Node, region string) awsapi.Node {
	if word(n, "Host") == "" {
		set(&n, "Host", awsHost(region))
	}
	if n.Member("QuestionsPerSecond") == nil {
		set(&n, "QuestionsPerSecond", awsapi.Node{Kind: awsapi.Number, Text: defaultQuestions})
	}
	if m := n.Member("Until"); m != nil {
		*m, _ = seconds(*m)
	}
	n.Members = slices.DeleteFunc(n.Members, func(m awsapi.Member) bool { return m.Name == "Providers" && len(m.Value.List) == 0 })
	return n
}

// seconds is a moment as the API takes it. It is a text in files and in what people are
// shown: a date, or RFC 3339.
func seconds(n awsapi.Node) (awsapi.Node, bool) {
	if n.Kind == awsapi.Number {
		at, err := strconv.ParseFloat(n.Text, 64)
		return awsapi.Node{Kind: awsapi.Number, Text: strconv.FormatInt(int64(at), 10)}, err == nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, n.Text); err == nil {
			return awsapi.Node{Kind: awsapi.Number, Text: strconv.FormatInt(at.Unix(), 10)}, true
		}
	}
	return n, false
}

// adoptionShown is how a pool adopts, as a file says it.
func adoptionShown(n awsapi.Node) awsapi.Node {
	n = cloned(n)
	if m := n.Member("Until"); m != nil {
		if at, err := strconv.ParseInt(m.Text, 10, 64); err == nil {
			*m = text(time.Unix(at, 0).UTC().Format(time.RFC3339))
		}
	}
	return n
}

// adoption compares how a pool adopts.
func (p *planner) adoption(e *pool, what string, found bool) error {
	var is awsapi.Node
	id := object("IdentityPoolId", e.name)
	if found {
		out, err := p.ask("daypass", "GetIdentityPoolAdoption", e.region, id)
		if err != nil {
			return err
		}
		if m := out.Member("Adoption"); m != nil {
			is = adoption(cloned(*m), e.region)
		}
	}
	switch {
	case is.Kind == awsapi.Null && e.adopt.Kind == awsapi.Null:
		return nil
	case e.adopt.Kind == awsapi.Null:
		return p.step(e.line, "- "+what+": adoption", "daypass", "SetIdentityPoolAdoption", e.region, id)
	case is.Kind != awsapi.Null && canonical(inOrder(withoutEmpty(is), true)) == canonical(inOrder(withoutEmpty(e.adopt), true)):
		return nil
	}
	set(&id, "Adoption", e.adopt)
	return p.step(e.line, "~ "+what+": adoption from "+word(e.adopt, "Host")+" until "+word(adoptionShown(e.adopt), "Until"), "daypass", "SetIdentityPoolAdoption", e.region, id)
}
