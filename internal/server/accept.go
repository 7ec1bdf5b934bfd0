package server

import (
	"mime"
	"strconv"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsjson"
	"github.com/daypass/daypass/internal/awsquery"
)

// queryProtocol is AWS Query, with answers in XML, or in JSON for a client that
// asks for it.
func queryProtocol(accept []string) awsapi.Protocol {
	if asksForJSON(accept) {
		return awsjson.Envelope{Protocol: awsquery.Protocol{}}
	}
	return awsquery.Protocol{}
}

// maxAccept is how long an Accept header may be in which JSON is looked for, in
// bytes.
const maxAccept = 1 << 10

// asksForJSON says whether a client would rather have JSON than XML: application/json
// ranks above XML in its Accept header, or as high and comes first of all. It has to
// be named: SDKs send no such header, or */*, and browsers name text/html first and
// XML besides, and all of these expect XML.
func asksForJSON(accept []string) bool {
	list := strings.Join(accept, ",")
	if list == "" || len(list) > maxAccept {
		return false
	}
	ranks, first := map[string]float64{}, ""
	for element := range strings.SplitSeq(list, ",") {
		name, rank := mediaRange(element)
		if first == "" {
			first = name
		}
		if old, ok := ranks[name]; !ok || rank > old {
			ranks[name] = rank
		}
	}
	json, xml := ranks[plainJSON], max(rankOf(ranks, "text/xml"), rankOf(ranks, "application/xml"))
	return json > xml || json > 0 && json == xml && first == plainJSON
}

// rankOf is the rank of a media type: its own, or that of the nearest range that
// has it (RFC 9110, section 12.5.1).
func rankOf(ranks map[string]float64, name string) float64 {
	kind, _, _ := strings.Cut(name, "/")
	for _, r := range []string{name, kind + "/*", "*/*"} {
		if rank, ok := ranks[r]; ok {
			return rank
		}
	}
	return 0
}

// mediaRange reads an element of an Accept header; one that cannot be read ranks
// nothing.
func mediaRange(element string) (name string, rank float64) {
	name, parameters, err := mime.ParseMediaType(element)
	if err != nil {
		return "unreadable", 0
	}
	q, ok := parameters["q"]
	if !ok {
		return name, 1
	}
	if rank, err = strconv.ParseFloat(q, 64); err != nil || !(rank >= 0 && rank <= 1) { // nor NaN
		return name, 0
	}
	return name, rank
}
