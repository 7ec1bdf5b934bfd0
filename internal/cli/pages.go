package cli

import (
	"context"
	"encoding/base64"
	"errors"
	"iter"
	"strconv"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// pages says how an operation lists page by page: an input that takes a token
// and an output that gives the next one, with the lists in between.
type pages struct {
	in, out string              // the members of the tokens
	more    string              // the member that says that there is more; empty where the token does
	limit   string              // the input's member of the page size; empty where there is none
	results []awsapi.TypeMember // the lists of the output
}

// pagesOf finds out from the shapes whether an operation lists by pages. The
// JSON services have NextToken on both sides, those of the Query protocol
// Marker, Marker and IsTruncated.
func pagesOf(row *awsapi.Row) *pages {
	if !row.HasOutput() {
		return nil
	}
	in, out := row.Input(), row.Output()
	for _, p := range []pages{{in: "NextToken", out: "NextToken", limit: "MaxResults"}, {in: "Marker", out: "Marker", more: "IsTruncated", limit: "MaxItems"}} {
		_, takes := in.Member(p.in)
		_, gives := out.Member(p.out)
		if !takes || !gives {
			continue
		}
		if _, ok := in.Member(p.limit); !ok {
			p.limit = ""
		}
		lists := true
		for _, m := range out.Members() {
			switch {
			case m.Type.Kind() == awsapi.ListType:
				p.results = append(p.results, m)
			case m.Name != p.out && m.Name != p.more:
				lists = false // it tells of more than the lists, which would be lost
			}
		}
		if lists && p.results != nil {
			return &p
		}
	}
	return nil
}

// options are those that stand for the operation's own paging.
func (p *pages) options() []*option {
	if p == nil {
		return nil
	}
	all := []*option{{name: "starting-token", takes: one, doc: "A token to specify where to start paginating. This is the NextToken from a previously truncated response."}}
	if p.limit != "" {
		all = append(all, &option{name: "page-size", takes: one, number: true, doc: "The size of each page to get in the call. This does not affect the number of items returned in the command's output."})
	}
	return append(all, &option{name: "max-items", takes: one, number: true, doc: "The total number of items to return in the command's output. If the total number of items available is more than the value specified, a NextToken is provided in the command's output. To resume pagination, provide the NextToken value in the starting-token argument of a subsequent command. Do not use the NextToken response element directly outside of the command line."})
}

// paging is how one command goes through the pages.
type paging struct {
	*pages
	off      bool // one call, whose answer is printed as it is
	token    string
	skip     int // entries of the first page that were printed before
	size     int
	maxItems int // -1 for all
}

// asked reads the options of paging. Who gives the operation's own token or page
// size pages by hand.
func (p *pages) asked(g *globals, got given, in awsapi.Node) (*paging, error) {
	if p == nil {
		return &paging{off: true}, nil
	}
	out := &paging{pages: p, maxItems: -1, off: g.has("no-paginate")}
	own := in.Member(p.in) != nil || p.limit != "" && in.Member(p.limit) != nil
	if own || out.off {
		out.off = true
		var used []string
		for _, o := range p.options() {
			if got.has(o.name) && o.name != kebab(p.limit) {
				used = append(used, "--"+o.name)
			}
		}
		if used != nil {
			return nil, usageError("Cannot specify --no-paginate along with pagination arguments: %s", strings.Join(used, ", "))
		}
		return out, nil
	}
	if got.has("max-items") {
		out.maxItems, _ = strconv.Atoi(got.word("max-items")) // parse has looked
		if out.maxItems < 0 {
			return nil, usageError("Error parsing parameter '--max-items': %d is below 0", out.maxItems)
		}
	}
	out.size, _ = strconv.Atoi(got.word("page-size"))
	out.token = got.word("starting-token")
	if token, skip, ok := decodeToken(out.token, p.in); ok {
		out.token, out.skip = token, skip
	}
	return out, nil
}

// A token of the command line is what AWS's SDK for Python makes: the service's
// token and, where a page was cut, how many of its entries were printed (-1 where
// it was not), as JSON in base64.
const truncateMember = "boto_truncate_amount"

func encodeToken(member, token string, skip int) string {
	var b strings.Builder
	b.WriteString(`{"` + member + `": `)
	if token == "" {
		b.WriteString("null")
	} else {
		b.Write(text(token).AppendJSON(nil))
	}
	if skip >= 0 {
		b.WriteString(`, "` + truncateMember + `": ` + strconv.Itoa(skip))
	}
	b.WriteByte('}')
	return base64.StdEncoding.EncodeToString([]byte(b.String()))
}

func decodeToken(s, member string) (token string, skip int, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return "", 0, false
	}
	n, err := awsapi.ParseJSON(raw)
	if err != nil || n.Kind != awsapi.Map || n.Member(member) == nil {
		return "", 0, false
	}
	if m := n.Member(truncateMember); m != nil {
		skip = int(number(*m))
	}
	return n.Member(member).Text, max(skip, 0), true
}

func number(n awsapi.Node) int64 {
	v, _ := strconv.ParseInt(n.Text, 10, 64)
	return v
}

// first is the input of the first call.
func (p *paging) first(in awsapi.Node) awsapi.Node { return p.with(in, p.token) }

// with is the input of the call with a token.
func (p *paging) with(in awsapi.Node, token string) awsapi.Node {
	if p.off {
		return in
	}
	out := awsapi.Node{Kind: awsapi.Map}
	for _, m := range in.Members {
		if m.Name != p.in && (m.Name != p.limit || p.size == 0) {
			out.Members = append(out.Members, m)
		}
	}
	if token != "" {
		out.Members = append(out.Members, awsapi.Member{Name: p.in, Value: text(token)})
	}
	if p.size > 0 {
		out.Members = append(out.Members, awsapi.Member{Name: p.limit, Value: awsapi.Node{Kind: awsapi.Number, Text: strconv.Itoa(p.size)}})
	}
	return out
}

// answer is a page. Page is all of it and shown what is printed of it, the lists.
// Resume is the token to go on with, on the last page.
type answer struct {
	page, shown awsapi.Node
	resume      string
}

var errSameToken = errors.New("Error during pagination: The same next token was received twice") //nolint:staticcheck // the sentence of the AWS CLI

// run makes the calls.
func (p *paging) run(ctx context.Context, c *caller, in awsapi.Node) iter.Seq2[*answer, error] {
	return func(yield func(*answer, error) bool) {
		if p.off {
			out, err := c.call(ctx, in)
			yield(&answer{page: out, shown: out}, err)
			return
		}
		token, total := p.token, 0
		for first := true; ; first = false {
			page, err := c.call(ctx, p.with(in, token))
			if err != nil {
				yield(nil, err)
				return
			}
			skipped := 0
			if first && p.skip > 0 {
				skipped = p.skip
				p.startAt(&page)
			}
			next := p.next(page)
			resume := ""
			have := 0
			if m := page.Member(p.results[0].Name); m != nil {
				have = len(m.List)
			}
			switch {
			case p.maxItems >= 0 && total+have > p.maxItems:
				keep := p.maxItems - total
				p.cut(&page, keep)
				resume = encodeToken(p.in, token, keep+skipped)
			case p.maxItems >= 0 && total+have == p.maxItems && next != "":
				resume = encodeToken(p.in, next, -1)
			}
			total += have
			if !yield(&answer{page, p.shown(page), resume}, nil) || resume != "" || next == "" {
				return
			}
			if next == token {
				yield(nil, errSameToken)
				return
			}
			token = next
		}
	}
}

// startAt leaves out what was printed before: of the first list its beginning, of
// the others all.
func (p *paging) startAt(page *awsapi.Node) {
	for i, r := range p.results {
		if m := page.Member(r.Name); m != nil && m.Kind == awsapi.List {
			if i > 0 {
				m.List = []awsapi.Node{}
			} else {
				m.List = m.List[min(p.skip, len(m.List)):]
			}
		}
	}
}

// cut keeps so many entries of the first list, and none of the others where none
// is kept of the first.
func (p *paging) cut(page *awsapi.Node, keep int) {
	if m := page.Member(p.results[0].Name); m != nil {
		m.List = m.List[:min(max(keep, 0), len(m.List))]
	}
}

func (p *paging) next(page awsapi.Node) string {
	if p.more != "" {
		if m := page.Member(p.more); m == nil || m.Text != "true" {
			return ""
		}
	}
	if m := page.Member(p.out); m != nil {
		return m.Text
	}
	return ""
}

// shown is what is printed of a page.
func (p *paging) shown(page awsapi.Node) awsapi.Node {
	out := awsapi.Node{Kind: awsapi.Map}
	for _, r := range p.results {
		if m := page.Member(r.Name); m != nil {
			out.Members = append(out.Members, awsapi.Member{Name: r.Name, Value: *m})
		}
	}
	return out
}

// collect joins the pages.
func collect(answers iter.Seq2[*answer, error]) (awsapi.Node, error) {
	whole := awsapi.Node{Kind: awsapi.Map}
	for a, err := range answers {
		if err != nil {
			return whole, err
		}
		for _, m := range a.shown.Members {
			switch have := whole.Member(m.Name); {
			case have == nil:
				whole.Members = append(whole.Members, m)
			case have.Kind == awsapi.List && m.Value.Kind == awsapi.List:
				have.List = append(have.List, m.Value.List...)
			default:
				*have = m.Value
			}
		}
		if a.resume != "" {
			whole.Members = append(whole.Members, awsapi.Member{Name: "NextToken", Value: text(a.resume)})
		}
	}
	return whole, nil
}
