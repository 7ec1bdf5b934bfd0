package policy

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Dialect is a reader of policies: AWS, or a store that reads them in its own
// way. What is known of each is in docs/stores.md and docs/adr/0038.
type Dialect string

// The dialects.
const (
	AWS       Dialect = "aws"
	MinIO     Dialect = "minio"
	SeaweedFS Dialect = "seaweedfs"
	Ceph      Dialect = "ceph"
)

// Dialects are all of them.
var Dialects = []Dialect{AWS, MinIO, SeaweedFS, Ceph}

// dialect says what a store can be told.
type dialect struct {
	name string
	// variables: it knows ${…}, with the three escapes.
	variables bool
	// store: it is about S3 only, whose resources are arn:aws:s3:::BUCKET/KEY, and
	// it knows neither NotAction nor NotResource, or not as AWS does.
	store bool
	// actions are those it knows, in its spelling; it refuses documents with
	// others. Nil if it takes any.
	actions []string
	// caseMatters: actions compare to the letter.
	caseMatters bool
	// foldsResources: it compares resources without regard to case.
	foldsResources bool
	// noColon: an ARN's last component cannot have one.
	noColon bool
	// slashAfterBucket: it takes a bucket for BUCKET/, so that BUCKET/* is about
	// the bucket as well.
	slashAfterBucket bool
	// partsWithPut: it allows what is needed for uploads in parts where it allows
	// s3:PutObject, the listing of a bucket's uploads too.
	partsWithPut bool
	// condition says how it writes a condition, if it evaluates it as AWS does in
	// statements of this effect.
	condition func(c filledCondition, deny bool) (operator, key string, ok bool)
	// quirks are notes by the key of a condition.
	quirks map[string]string
	// guard is a statement of its own in every document that has room for it, and
	// unguarded the note where there is none.
	guard, unguarded string
}

var dialects = map[Dialect]*dialect{
	AWS: {name: "AWS", variables: true, condition: func(c filledCondition, _ bool) (string, string, bool) {
		return c.operator, c.key, true
	}},
	MinIO: {
		name: "MinIO", store: true, actions: minioActions, caseMatters: true, slashAfterBucket: true, condition: prefixCondition,
		quirks: map[string]string{"s3:prefix": "MinIO takes s3:prefix from a header or parameter named Prefix, if a client sends one: clients can list the names of all keys in the bucket"},
		// Before RELEASE.2025-10-15 MinIO asks a session's policy only what it denies when
		// the session makes a service account, which has all that the role there has
		// (CVE-2025-62506).
		guard:     `{"Effect":"Deny","Action":"admin:*","Resource":"arn:aws:s3:::*"}`,
		unguarded: "the session policy has no room to deny admin:*: at MinIO before RELEASE.2025-10-15 a session can make a service account without these limits (CVE-2025-62506)",
	},
	SeaweedFS: {name: "SeaweedFS", store: true, foldsResources: true, partsWithPut: true, condition: prefixCondition},
	Ceph: {
		name: "Ceph", store: true, actions: cephActions, noColon: true,
		condition: func(c filledCondition, deny bool) (string, string, bool) {
			operator, key, ok := prefixCondition(c, deny)
			if !ok || !c.use.operator.negated {
				return operator, key, ok
			}
			// With several values it asks whether one of them differs, and a missing
			// key fails unless IfExists says otherwise.
			return operator + "IfExists", key, len(c.values) == 1
		},
	},
}

// prefixCondition is the one condition that all stores evaluate as AWS does: the
// key s3:prefix, which has one value, under four operators.
func prefixCondition(c filledCondition, _ bool) (operator, key string, ok bool) {
	switch c.operator {
	case "StringEquals", "StringLike", "StringNotEquals", "StringNotLike":
		return c.operator, "s3:prefix", strings.EqualFold(c.key, "s3:prefix")
	}
	return "", "", false
}

// form gives a statement the form that the dialect has for it: none where the
// store has nothing that it is about, several where one would mean more there.
func (d *dialect) form(r *renderer, s filled) []filled {
	if !d.store {
		return []filled{s}
	}
	if s.actions, s.notAction = d.storeActions(&s), false; len(s.actions) == 0 {
		return nil
	}
	if s.notResource {
		s.stop(NotResourceObstacle, "%s does not know NotResource as AWS does", d.name)
		s.notResource, s.resources = false, []filledARN{anyBucket}
	}
	var resources []filledARN
	for _, a := range s.resources {
		if a, ok := inStore(a); ok {
			resources = append(resources, a)
		}
	}
	if s.resources = resources; len(resources) == 0 {
		return nil
	}
	for i, c := range s.conditions {
		operator, key, ok := d.condition(c, s.deny)
		if !ok {
			s.stop(ConditionObstacle, "%s does not evaluate %s %s as AWS does", d.name, c.operator, c.key)
			continue
		}
		s.conditions = slices.Clone(s.conditions)
		s.conditions[i].operator, s.conditions[i].key = operator, key
		if note := d.quirks[key]; note != "" {
			r.note(note)
		}
	}
	d.checkCharacters(&s)
	switch {
	case len(s.obstacles) > 0:
		return []filled{s}
	case d.partsWithPut && !s.deny:
		return splitPuts(s)
	case !d.slashAfterBucket:
		return []filled{s}
	}
	var split []filled
	for _, s := range splitListing(s) {
		split = append(split, splitBuckets(s)...)
	}
	return split
}

const s3Actions = "s3:*"

// storeActions are those actions of a statement that the store has.
func (d *dialect) storeActions(s *filled) (actions []string) {
	if s.notAction {
		switch {
		case slices.ContainsFunc(s.actions, func(a string) bool { return actionCovers(a, s3Actions) }):
			return nil
		case slices.ContainsFunc(s.actions, func(a string) bool { return actionsMeet(a, s3Actions) }):
			s.stop(NotActionObstacle, "%s does not know NotAction as AWS does", d.name)
		}
		return []string{s3Actions}
	}
	for _, action := range s.actions {
		switch {
		case actionCovers(action, s3Actions):
			return []string{s3Actions}
		case actionsMeet(action, s3Actions):
			actions = append(actions, d.spelled(s, action)...)
		}
	}
	if d.slashAfterBucket && !s.deny && slices.Contains(actions, "s3:GetObjectVersion") && !slices.Contains(actions, "s3:GetObject") {
		s.stop(ActionObstacle, "%s allows s3:GetObject where s3:GetObjectVersion is allowed", d.name)
	}
	return actions
}

// spelled is an action in the store's spelling, or those that it stands for.
func (d *dialect) spelled(s *filled, action string) []string {
	if d.actions == nil {
		return []string{action}
	}
	glob := newActionPattern(action)
	pieces, _ := readPieces(action, syntax{wildcards: true}) // without variables nothing can fail
	exact := newGlob(pieces)
	var known []string
	asWritten := true
	for _, name := range d.actions {
		if glob.match(&requestedAction{name: name}) {
			known = append(known, name)
			asWritten = asWritten && (!d.caseMatters || exact.match(name, nil))
		}
	}
	switch {
	case len(known) == 0 && s.deny:
		// A version that knows more may do it for a wildcard that allows it.
		s.stop(ActionObstacle, "%s is not known to have the action %s, and does not take it in a policy", d.name, action)
		return []string{action}
	case len(known) > 0 && asWritten:
		return []string{action}
	}
	return known // for a statement that allows, none is as good: the store does nothing of the kind
}

// anyBucket is every resource of a store.
var anyBucket = filledARN{parts: [components][]piece{text("arn"), text(partition), text("s3"), nil, nil, {{kind: anyText}}}}

func text(s string) []piece { return []piece{{kind: literal, text: s}} }

// inStore is a resource as the store names it, which is in no region and no
// account; false if it means nothing there.
func inStore(a filledARN) (filledARN, bool) {
	if a.every {
		return anyBucket, true
	}
	for i := range components - 1 {
		if !patternsMeet(symbolsOf(a.parts[i]), symbolsOf(anyBucket.parts[i])) {
			return filledARN{}, false
		}
	}
	here := anyBucket
	here.parts[components-1] = a.parts[components-1]
	return here, true
}

// checkCharacters holds the values that were filled in to what the store reads as
// text.
func (d *dialect) checkCharacters(s *filled) {
	check := func(what string, pieces []piece, wildcards bool) {
		whole := ""
		for _, p := range pieces {
			if p.kind != literal {
				whole += "\x00"
				continue
			}
			whole += p.text
			if wildcards && strings.ContainsAny(p.text, "*?") {
				s.stop(CharacterObstacle, "%s has an asterisk or a question mark as text in its %s, which %s takes for a wildcard", s.effect(), what, d.name)
			}
		}
		if strings.Contains(whole, "${") {
			s.stop(CharacterObstacle, "%s has ${ as text in its %s, which %s may take for a variable", s.effect(), what, d.name)
		}
	}
	for i, a := range s.resources {
		last := a.parts[components-1]
		check("resource", last, true)
		for _, p := range last {
			if p.kind != literal || s.deny {
				continue
			}
			if d.noColon && p.origin != filledIdentifier && strings.Contains(p.text, ":") {
				s.stop(CharacterObstacle, "a colon in a resource, other than that of an identity's or a pool's ID, cannot be said to %s", d.name)
			}
			if d.foldsResources && p.origin == filledValue && strings.ToLower(p.text) != strings.ToUpper(p.text) {
				s.stop(CharacterObstacle, "a value with letters in a resource, other than an identity's or a pool's ID, is not kept apart from other spellings by %s, which ignores case", d.name)
			}
		}
		s.resources[i].parts[components-1] = d.rewrite(last, s.deny)
	}
	for _, c := range s.conditions {
		for _, value := range c.values {
			check("condition", value, c.use.wildcards())
		}
	}
}

func (s *filled) effect() string {
	if s.deny {
		return "a Deny"
	}
	return "an Allow"
}

// rewrite writes one character for a colon where there can be none. In a statement
// that denies, a question mark, which stores take for one byte, becomes an
// asterisk: it denies more, and nothing gets through.
func (d *dialect) rewrite(pieces []piece, deny bool) (list []piece) {
	for _, p := range pieces {
		switch {
		case p.kind == oneChar && deny:
			p.kind = anyText
		case p.kind == literal && d.noColon && strings.Contains(p.text, ":"):
			for i, part := range strings.Split(p.text, ":") {
				if i > 0 {
					kind := oneChar
					if deny {
						kind = anyText
					}
					list = append(list, piece{kind: kind})
				}
				if part != "" {
					list = append(list, piece{kind: literal, text: part, origin: p.origin})
				}
			}
			continue
		}
		list = append(list, p)
	}
	return list
}

// splitPuts writes a statement for a store that lets those list the uploads of a
// bucket who may put objects, if the resource is the bucket too: it is said of
// objects alone.
func splitPuts(s filled) []filled {
	const put, list = "s3:PutObject", "s3:ListBucketMultipartUploads"
	if slices.ContainsFunc(s.actions, func(a string) bool { return actionCovers(a, list) }) {
		return []filled{s}
	}
	puts, rest := s, s
	puts.actions, rest.actions, puts.resources = nil, nil, nil
	for _, action := range s.actions {
		if actionCovers(action, put) {
			puts.actions = append(puts.actions, action)
		} else {
			rest.actions = append(rest.actions, action)
		}
	}
	for _, a := range s.resources {
		last := a.parts[components-1]
		if !slices.Contains(symbolsOf(last), symbol{kind: literal, char: '/'}) {
			star := -1
			for i, p := range last {
				if p.kind == anyText {
					star = i
				}
			}
			if star < 0 {
				continue // a bucket
			}
			// The slash is among what an asterisk stands for.
			a.parts[components-1] = slices.Concat(last[:star+1], text("/"), last[star:])
		}
		puts.resources = append(puts.resources, a)
	}
	return some(puts, rest)
}

// listing are the actions whose requests have the key s3:prefix.
var listing = []string{"s3:ListBucket", "s3:ListBucketVersions"}

// splitListing writes a statement with conditions on s3:prefix for a store that
// takes them for listing only. Requests of all other actions do not have the key,
// so that a condition holds always, if it is negated, or never.
func splitListing(s filled) []filled {
	if len(s.conditions) == 0 {
		return []filled{s}
	}
	var lists, others []string
	for _, action := range s.actions {
		if !slices.ContainsFunc(listing, func(l string) bool { return actionCovers(action, l) }) {
			others = append(others, action)
			continue
		}
		for _, name := range minioActions {
			switch {
			case slices.Contains(listing, name) && actionCovers(action, name):
				lists = append(lists, name)
			case actionCovers(action, name):
				others = append(others, name)
			}
		}
	}
	withKey, without := s, s
	withKey.actions, without.actions, without.conditions = lists, others, nil
	if slices.ContainsFunc(s.conditions, func(c filledCondition) bool { return !c.use.operator.negated }) {
		without.actions = nil
	}
	return some(withKey, without)
}

// splitBuckets writes a statement for a store that asks about BUCKET/ where AWS
// asks about BUCKET. A pattern that matches the one and not the other would give
// whoever may write the objects of a bucket the bucket itself.
func splitBuckets(s filled) []filled {
	var plain, objects, buckets []filledARN
	for _, a := range s.resources {
		last := a.parts[components-1]
		slashes, end := 0, 0 // end: where what follows the last slash begins
		list := symbolsOf(last)
		for i, c := range list {
			if c.kind == literal && c.char == '/' {
				slashes, end = slashes+1, i+1
			}
		}
		stars := func(list []symbol) bool {
			return !slices.ContainsFunc(list, func(c symbol) bool { return c.kind != anyText })
		}
		literals := !slices.ContainsFunc(list, func(c symbol) bool { return c.kind != literal })
		switch {
		case slashes == 0 && (literals || stars(list)), slashes > 1, slashes == 1 && !stars(list[end:]):
			plain = append(plain, a)
		case slashes == 0:
			objects = append(objects, a)
			a.parts[components-1] = append(slices.Clone(last), piece{kind: literal, text: "/"})
			buckets = append(buckets, a)
		default:
			objects = append(objects, a)
		}
	}
	if s.deny { // more is denied than AWS would, and nothing less
		s.resources = slices.Concat(plain, objects, buckets)
		return []filled{s}
	}
	aboutObjects, aboutBuckets := levels(s.actions)
	if len(aboutBuckets) == 0 {
		s.resources = slices.Concat(plain, objects)
		return some(s)
	}
	whole, ofObjects, ofBuckets := s, s, s
	whole.resources = plain
	ofObjects.resources, ofObjects.actions = objects, aboutObjects
	ofBuckets.resources, ofBuckets.actions = buckets, aboutBuckets
	return some(whole, ofObjects, ofBuckets)
}

// some leaves out statements that are about nothing.
func some(all ...filled) []filled {
	return slices.DeleteFunc(all, func(s filled) bool { return len(s.actions) == 0 || len(s.resources) == 0 })
}

// objectActions are patterns for MinIO's actions on objects, and match no action
// on buckets.
var objectActions = []string{
	"s3:GetObject*", "s3:PutObject*", "s3:DeleteObject*", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
	"s3:BypassGovernanceRetention", "s3:RestoreObject", "s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags",
}

// levels divides actions into those on objects and those on buckets. What only a
// server does for another one is left out of a wildcard.
func levels(actions []string) (objects, buckets []string) {
	for _, action := range actions {
		if slices.ContainsFunc(objectActions, func(o string) bool { return actionCovers(o, action) }) {
			objects = append(objects, action)
			continue
		}
		for _, o := range objectActions {
			switch {
			case actionCovers(action, o) && !strings.HasPrefix(o, "s3:Replicate"):
				objects = append(objects, o)
			case !actionCovers(action, o) && actionsMeet(action, o):
				for _, name := range minioActions {
					if actionCovers(action, name) && actionCovers(o, name) {
						objects = append(objects, name)
					}
				}
			}
		}
		for _, name := range minioActions {
			if actionCovers(action, name) && !slices.ContainsFunc(objectActions, func(o string) bool { return actionCovers(o, name) }) {
				buckets = append(buckets, name)
			}
		}
	}
	return objects, buckets
}

// write writes the document.
func (r *renderer) write(allowing, denying []filled) string {
	var out []byte
	out = append(out, `{"Version":"2012-10-17","Statement":[`...)
	all := slices.Concat(allowing, denying)
	if len(allowing) == 0 { // a document needs a statement, and this one allows nothing
		all = []filled{{deny: true, actions: []string{r.dialect.every()}, resources: []filledARN{{every: true}}}}
	}
	for i, s := range all {
		if i > 0 {
			out = append(out, ',')
		}
		out = r.appendStatement(out, s)
	}
	return string(append(out, "]}"...))
}

func (d *dialect) every() string {
	if d.store {
		return s3Actions
	}
	return "*"
}

func (r *renderer) appendStatement(out []byte, s filled) []byte {
	effect, action, resource := "Allow", "Action", "Resource"
	if s.deny {
		effect = "Deny"
	}
	if s.notAction {
		action = "NotAction"
	}
	if s.notResource {
		resource = "NotResource"
	}
	out = append(out, `{"Effect":"`+effect+`","`+action+`":`...)
	out = appendList(out, s.actions)
	out = append(out, `,"`+resource+`":`...)
	var resources []string
	for _, a := range s.resources {
		resources = append(resources, r.dialect.arn(a))
	}
	out = appendList(out, resources)
	if len(s.conditions) > 0 {
		out = append(out, `,"Condition":`...)
		out = r.appendConditions(out, s.conditions)
	}
	return append(out, '}')
}

func (r *renderer) appendConditions(out []byte, conditions []filledCondition) []byte {
	var operators []string
	for _, c := range conditions {
		if !slices.Contains(operators, c.operator) {
			operators = append(operators, c.operator)
		}
	}
	out = append(out, '{')
	for i, operator := range operators {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(quote(out, operator), ":{"...)
		first := true
		for _, c := range conditions {
			if c.operator != operator {
				continue
			}
			if !first {
				out = append(out, ',')
			}
			first = false
			var values []string
			for _, value := range c.values {
				values = append(values, r.dialect.pattern(value, c.use.wildcards(), c.use.variables()))
			}
			out = appendList(append(quote(out, c.key), ':'), values)
		}
		out = append(out, '}')
	}
	return append(out, '}')
}

func (d *dialect) arn(a filledARN) string {
	if a.every {
		if d.store {
			return d.arn(anyBucket)
		}
		return "*"
	}
	parts := make([]string, components)
	for i := range a.parts {
		parts[i] = d.pattern(a.parts[i], true, i == components-1)
	}
	return strings.Join(parts, ":")
}

// pattern writes a pattern so that the dialect reads it as it is meant.
func (d *dialect) pattern(pieces []piece, wildcards, variables bool) string {
	var out strings.Builder
	for i, p := range pieces {
		switch p.kind {
		case anyText:
			out.WriteByte('*')
		case oneChar:
			out.WriteByte('?')
		case hole:
			out.WriteString("${" + p.variable.name)
			if p.variable.hasDefault {
				out.WriteString(", '" + p.variable.def + "'")
			}
			out.WriteByte('}')
		default:
			for j, c := range p.text {
				switch {
				case !d.variables:
					out.WriteRune(c)
				case wildcards && (c == '*' || c == '?'):
					out.WriteString("${" + string(c) + "}")
				case variables && c == '$' && (strings.HasPrefix(p.text[j+1:], "{") || j+1 == len(p.text) && i+1 < len(pieces)):
					out.WriteString("${$}")
				default:
					out.WriteRune(c)
				}
			}
		}
	}
	return out.String()
}

// appendList writes a list, or the one thing that is in it.
func appendList(out []byte, list []string) []byte {
	var distinct []string
	for _, s := range list {
		if !slices.Contains(distinct, s) {
			distinct = append(distinct, s)
		}
	}
	if len(distinct) == 1 {
		return quote(out, distinct[0])
	}
	out = append(out, '[')
	for i, s := range distinct {
		if i > 0 {
			out = append(out, ',')
		}
		out = quote(out, s)
	}
	return append(out, ']')
}

func quote(out []byte, s string) []byte {
	quoted, err := jsontext.AppendQuote(out, s)
	if err != nil { // what was read from JSON, and values that are UTF-8, can be written
		return append(out, `""`...)
	}
	return quoted
}

// minioActions are the S3 actions of MinIO, of the last version that was published
// as open source. It refuses policies with others, and compares to the letter.
var minioActions = []string{
	"s3:AbortMultipartUpload", "s3:BypassGovernanceRetention", "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketCors",
	"s3:DeleteBucketPolicy", "s3:DeleteObject", "s3:DeleteObjectTagging", "s3:DeleteObjectVersion", "s3:DeleteObjectVersionTagging",
	"s3:ForceDeleteBucket", "s3:GetBucketCors", "s3:GetBucketLocation", "s3:GetBucketNotification",
	"s3:GetBucketObjectLockConfiguration", "s3:GetBucketPolicy", "s3:GetBucketPolicyStatus", "s3:GetBucketTagging",
	"s3:GetBucketVersioning", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:GetObject",
	"s3:GetObjectAttributes", "s3:GetObjectLegalHold", "s3:GetObjectRetention", "s3:GetObjectTagging", "s3:GetObjectVersion",
	"s3:GetObjectVersionAttributes", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging",
	"s3:GetReplicationConfiguration", "s3:HeadBucket", "s3:ListAllMyBuckets", "s3:ListBucket", "s3:ListBucketMultipartUploads",
	"s3:ListBucketVersions", "s3:ListMultipartUploadParts", "s3:ListenBucketNotification", "s3:ListenNotification",
	"s3:PutBucketCors", "s3:PutBucketNotification", "s3:PutBucketObjectLockConfiguration", "s3:PutBucketPolicy",
	"s3:PutBucketTagging", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration",
	"s3:PutObject", "s3:PutObjectFanOut", "s3:PutObjectLegalHold", "s3:PutObjectRetention", "s3:PutObjectTagging",
	"s3:PutObjectVersionTagging", "s3:PutReplicationConfiguration", "s3:ReplicateDelete", "s3:ReplicateObject",
	"s3:ReplicateTags", "s3:ResetBucketReplicationState", "s3:RestoreObject",
}

// cephActions are the S3 actions that Ceph has had since Pacific. It refuses
// policies with others.
var cephActions = []string{
	"s3:AbortMultipartUpload", "s3:BypassGovernanceRetention", "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy",
	"s3:DeleteBucketWebsite", "s3:DeleteObject", "s3:DeleteObjectTagging", "s3:DeleteObjectVersion",
	"s3:DeleteObjectVersionTagging", "s3:DeleteReplicationConfiguration", "s3:GetAccelerateConfiguration", "s3:GetBucketAcl",
	"s3:GetBucketCORS", "s3:GetBucketLocation", "s3:GetBucketLogging", "s3:GetBucketNotification",
	"s3:GetBucketObjectLockConfiguration", "s3:GetBucketPolicy", "s3:GetBucketPolicyStatus", "s3:GetBucketRequestPayment",
	"s3:GetBucketTagging", "s3:GetBucketVersioning", "s3:GetBucketWebsite", "s3:GetLifecycleConfiguration", "s3:GetObject",
	"s3:GetObjectAcl", "s3:GetObjectLegalHold", "s3:GetObjectRetention", "s3:GetObjectTagging", "s3:GetObjectTorrent",
	"s3:GetObjectVersion", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging", "s3:GetObjectVersionTorrent",
	"s3:GetReplicationConfiguration", "s3:ListAllMyBuckets", "s3:ListBucket", "s3:ListBucketMultipartUploads",
	"s3:ListBucketVersions", "s3:ListMultipartUploadParts", "s3:PutAccelerateConfiguration", "s3:PutBucketAcl",
	"s3:PutBucketCORS", "s3:PutBucketLogging", "s3:PutBucketNotification", "s3:PutBucketObjectLockConfiguration",
	"s3:PutBucketPolicy", "s3:PutBucketRequestPayment", "s3:PutBucketTagging", "s3:PutBucketVersioning", "s3:PutBucketWebsite",
	"s3:PutLifecycleConfiguration", "s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectLegalHold", "s3:PutObjectRetention",
	"s3:PutObjectTagging", "s3:PutObjectVersionAcl", "s3:PutObjectVersionTagging", "s3:PutReplicationConfiguration",
	"s3:RestoreObject",
}
