package awsapi

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Resource is what an operation is about, for authorization.
type Resource struct {
	// ARN is what policies are asked about: an ARN, or *.
	ARN string
	// Name is what a refusal calls it where that is not the ARN.
	Name string
	// Also are actions that must be allowed on it besides the operation's own.
	Also []string
}

// Shown is what a refusal calls the resource.
func (r Resource) Shown() string {
	if r.Name != "" {
		return r.Name
	}
	return r.ARN
}

// Subject is what an operation is about: the column of its row from which a
// question to policies is made. It says how the input names the resource, and
// which condition keys the input and the resource bring. Compile checks it
// against the input.
type Subject struct {
	// Resource says in words what the resource is; * for none.
	Resource string
	// Keys are the condition keys that the operation has beyond those of every
	// request, as reference pages spell them.
	Keys []string
	// TagActions are actions that tags need besides the operation's own, by the keys
	// of the tags in lower case.
	TagActions map[string]string

	members []string
	arn     func(c Caller, members ...string) string
	facts   []fact
	find    []finder
}

// Unasked is the subject of operations that policies are not asked about: all
// that are not Signed.
var Unasked Subject

// fact is a condition key that a member of the input brings.
type fact struct {
	key    string // empty for tags
	member string
	kind   factKind
}

type factKind int

const (
	factText factKind = iota
	factTags
	factTagKeys
)

// Finder looks for what a resource is stored with: it adds condition keys, and
// may replace the resource by what the caller meant. The resource need not be
// there. The members are the ones that the subject names.
type Finder func(ctx context.Context, c Caller, r *Resource, facts map[string][]string, members ...string) error

// finder is a Finder, or one that reads the whole input, of this type.
type finder struct {
	plain Finder
	typed func(ctx context.Context, c Caller, in any, r *Resource, facts map[string][]string) error
	input reflect.Type
}

// On is a subject whose ARN is made of members of the input that are texts.
func On(resource string, arn func(c Caller, members ...string) string, members ...string) Subject {
	return Subject{Resource: resource, arn: arn, members: members}
}

// OnARN is a subject that a member of the input names by its ARN.
func OnARN(resource, member string) Subject {
	return On(resource, func(_ Caller, members ...string) string { return members[0] }, member)
}

// OnNothing is the subject of operations without a resource. Its members are
// there for a Finder.
func OnNothing(members ...string) Subject {
	return On("*", func(Caller, ...string) string { return "*" }, members...)
}

// Key is the subject with a condition key whose value is a member of the input,
// where that is not empty.
func (s Subject) Key(key, member string) Subject {
	return s.with([]string{key}, fact{strings.ToLower(key), member, factText})
}

// Tags is the subject with the condition keys of tags that a member of the input
// gives: a list of structures with Key and Value, or a map.
func (s Subject) Tags(member string) Subject {
	return s.with([]string{"aws:RequestTag/${TagKey}", "aws:TagKeys"}, fact{"", member, factTags})
}

// TagKeys is the subject with the condition key of tags that a member of the
// input takes away: a list of their keys.
func (s Subject) TagKeys(member string) Subject {
	return s.with([]string{"aws:TagKeys"}, fact{"", member, factTagKeys})
}

// ForTags is the subject of an operation that sets or removes tags of which some
// need an action of their own: their keys in lower case, and the actions. The tags
// are those of Tags and TagKeys.
func (s Subject) ForTags(actions map[string]string) Subject {
	s.TagActions = actions
	return s
}

func (s Subject) with(keys []string, f fact) Subject {
	s.Keys = slices.Concat(s.Keys, keys)
	s.facts = append(slices.Clone(s.facts), f)
	return s
}

// Found is the subject with what a Finder finds, and the condition keys that come
// with it.
func (s Subject) Found(find Finder, keys ...string) Subject {
	s.Keys = slices.Concat(s.Keys, keys)
	s.find = append(slices.Clone(s.find), finder{plain: find})
	return s
}

// FoundIn is Found for a function that needs the whole input.
func FoundIn[I any](s Subject, find func(ctx context.Context, c Caller, in *I, r *Resource, facts map[string][]string) error, keys ...string) Subject {
	s.Keys = slices.Concat(s.Keys, keys)
	s.find = append(slices.Clone(s.find), finder{
		typed: func(ctx context.Context, c Caller, in any, r *Resource, facts map[string][]string) error {
			return find(ctx, c, in.(*I), r, facts)
		},
		input: reflect.TypeFor[I](),
	})
	return s
}

// subject is a Subject made ready: members by their place in the input.
type subject struct {
	Subject
	at    []int
	facts []factAt
}

type factAt struct {
	fact
	at int
}

// compileSubject checks an operation's subject against its input.
func compileSubject(op Operation) subject {
	if (op.Auth == Signed) != (op.Subject.arn != nil) {
		panic("awsapi: " + op.Name + " must say what it is about if it is signed, and only then")
	}
	s := subject{Subject: op.Subject}
	for _, name := range s.members {
		s.at = append(s.at, memberOf(op, name, func(t reflect.Type) bool { return t.Kind() == reflect.String }))
	}
	for _, f := range s.Subject.facts {
		s.facts = append(s.facts, factAt{f, memberOf(op, f.member, f.kind.fits)})
	}
	for _, f := range s.find {
		if f.input != nil && f.input != op.In {
			panic(fmt.Sprintf("awsapi: what %s is about is found in a %s", op.Name, f.input))
		}
	}
	return s
}

// memberOf finds a member that a subject names, which must be of a kind that
// fits.
func memberOf(op Operation, name string, fits func(reflect.Type) bool) int {
	f, ok := op.In.FieldByName(name)
	if !ok || len(f.Index) != 1 || !fits(f.Type) {
		panic(fmt.Sprintf("awsapi: %s is about its member %s, which %s lacks or has as something else", op.Name, name, op.In))
	}
	return f.Index[0]
}

func (k factKind) fits(t reflect.Type) bool {
	isText := func(t reflect.Type) bool { return t.Kind() == reflect.String }
	switch k {
	case factTags:
		if t.Kind() == reflect.Map {
			return isText(t.Key()) && isText(t.Elem())
		}
		return t.Kind() == reflect.Slice && isTag(t.Elem())
	case factTagKeys:
		return t.Kind() == reflect.Slice && isText(t.Elem())
	}
	return isText(t)
}

func isTag(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	key, hasKey := t.FieldByName("Key")
	value, hasValue := t.FieldByName("Value")
	return hasKey && hasValue && key.Type.Kind() == reflect.String && value.Type.Kind() == reflect.String
}

// About says what an operation is about, and adds the condition keys that its
// input and the resource bring. The resource need not exist.
func (r *Row) About(ctx context.Context, c Caller, in any, facts map[string][]string) (Resource, error) {
	s := &r.subject
	if s.arn == nil {
		return Resource{}, fmt.Errorf("awsapi: %s has no rule of authorization", r.Name)
	}
	v := reflect.ValueOf(in).Elem()
	members := make([]string, len(s.at))
	for i, at := range s.at {
		members[i] = v.Field(at).String()
	}
	var tagKeys []string
	for _, f := range s.facts {
		tagKeys = append(tagKeys, f.set(facts, v.Field(f.at))...)
	}
	if len(tagKeys) > 0 {
		facts["aws:tagkeys"] = tagKeys
	}
	about := Resource{ARN: s.arn(c, members...), Also: s.alsoFor(tagKeys)}
	for _, f := range s.find {
		var err error
		if f.plain != nil {
			err = f.plain(ctx, c, &about, facts, members...)
		} else {
			err = f.typed(ctx, c, in, &about, facts)
		}
		if err != nil {
			return about, err
		}
	}
	return about, nil
}

// alsoFor are the actions that tags of these keys need, each once.
func (s *subject) alsoFor(tagKeys []string) (actions []string) {
	if len(s.TagActions) == 0 {
		return nil
	}
	for _, key := range tagKeys {
		if action := s.TagActions[strings.ToLower(key)]; action != "" && !slices.Contains(actions, action) {
			actions = append(actions, action)
		}
	}
	return actions
}

// set adds what a member brings, and gives the keys of tags in it.
func (f factAt) set(facts map[string][]string, v reflect.Value) (tagKeys []string) {
	setTag := func(key, value string) {
		facts["aws:requesttag/"+strings.ToLower(key)] = []string{value}
		tagKeys = append(tagKeys, key)
	}
	switch {
	case f.kind == factText:
		if text := v.String(); text != "" {
			facts[f.key] = []string{text}
		}
	case f.kind == factTagKeys:
		for i := range v.Len() {
			tagKeys = append(tagKeys, v.Index(i).String())
		}
	case v.Kind() == reflect.Map:
		tags := map[string]string{}
		for it := v.MapRange(); it.Next(); {
			tags[it.Key().String()] = it.Value().String()
		}
		for _, key := range slices.Sorted(maps.Keys(tags)) {
			setTag(key, tags[key])
		}
	default:
		for i := range v.Len() {
			setTag(v.Index(i).FieldByName("Key").String(), v.Index(i).FieldByName("Value").String())
		}
	}
	return tagKeys
}
