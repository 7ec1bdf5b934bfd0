package client_test

import (
	"cmp"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsjson"
	"github.com/daypass/daypass/internal/awsquery"
	"github.com/daypass/daypass/internal/instance"
)

// both is a protocol, both ways.
type both interface {
	awsapi.Protocol
	awsapi.Wire
}

// everyRow does something with each operation that there is. What values must
// look like is left out: these tests are about how they travel.
func everyRow(t *testing.T, do func(t *testing.T, p both, row *awsapi.Row)) {
	t.Helper()
	for _, service := range instance.Services() {
		s := struct {
			both
			awsapi.Service
		}{awsquery.Protocol{}, service}
		if service.Target != "" {
			s.both = awsjson.Protocol{}
		}
		s.Service.Shapes = awsapi.ShapeSet{}
		table := s.Service.Compile()
		for _, op := range s.Operations {
			t.Run(s.Name+"/"+op.Name, func(t *testing.T) { do(t, s.both, table.Row(op.Name)) })
		}
	}
}

var words = []string{"a", "Zürich", "a b&c=d+%20", "<x>&\"'", "line\nline", "{}", "1", "true", "é\u2028\U0001F600", "tab\there"}

// something makes a random value of a type, every member set.
func something(r *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(words[r.IntN(len(words))])
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(r.Int64N(1 << 30))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		something(r, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+r.IntN(3), 3))
		for i := range v.Len() {
			something(r, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 1 + r.IntN(3) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			something(r, key)
			something(r, value)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(r.Int64N(1<<31), 0).UTC()))
			return
		}
		for i := range v.NumField() {
			something(r, v.Field(i))
		}
	}
}

// tree is a Go value as a tree.
func tree(v reflect.Value) awsapi.Node {
	switch v.Kind() {
	case reflect.String:
		return awsapi.Node{Kind: awsapi.Text, Text: v.String()}
	case reflect.Bool:
		return awsapi.Node{Kind: awsapi.Bool, Text: map[bool]string{true: "true", false: "false"}[v.Bool()]}
	case reflect.Int, reflect.Int32, reflect.Int64:
		return awsapi.Node{Kind: awsapi.Number, Text: strconv.FormatInt(v.Int(), 10)}
	case reflect.Pointer:
		return tree(v.Elem())
	case reflect.Slice:
		n := awsapi.Node{Kind: awsapi.List, List: []awsapi.Node{}}
		for i := range v.Len() {
			n.List = append(n.List, tree(v.Index(i)))
		}
		return n
	case reflect.Map:
		n := awsapi.Node{Kind: awsapi.Map}
		for _, k := range v.MapKeys() {
			n.Members = append(n.Members, awsapi.Member{Name: k.String(), Value: tree(v.MapIndex(k))})
		}
		return n
	}
	if v.Type() == reflect.TypeFor[time.Time]() {
		return awsapi.Node{Kind: awsapi.Time, Text: v.Interface().(time.Time).Format(time.RFC3339Nano)}
	}
	n := awsapi.Node{Kind: awsapi.Map}
	for i := range v.NumField() {
		name, _ := awsapi.MemberTag(v.Type().Field(i))
		n.Members = append(n.Members, awsapi.Member{Name: name, Value: tree(v.Field(i))})
	}
	return n
}

// What a client writes a server reads.
func TestInputsTravel(t *testing.T) {
	everyRow(t, func(t *testing.T, p both, row *awsapi.Row) {
		r := rand.New(rand.NewPCG(1, 2))
		for range 20 {
			want := reflect.New(row.In)
			something(r, want.Elem())
			request, err := p.EncodeInput(row, tree(want.Elem()))
			if err != nil {
				t.Fatal(err)
			}
			n, err := p.Decode(row, request.Body)
			if err != nil {
				t.Fatalf("%v: %s", err, request.Body)
			}
			got, err := row.Bind(n)
			if err != nil {
				t.Fatalf("%v: %s", err, request.Body)
			}
			if diff := gocmp.Diff(want.Interface(), got); diff != "" {
				t.Fatalf("%s\n%s", diff, request.Body)
			}
		}
	})
}

// What a server writes a client reads, in the order of the API model.
func TestOutputsTravel(t *testing.T) {
	everyRow(t, func(t *testing.T, p both, row *awsapi.Row) {
		if row.Streams() {
			return // bytes as they are
		}
		r := rand.New(rand.NewPCG(3, 4))
		for range 20 {
			out := reflect.New(row.Out)
			something(r, out.Elem())
			answer, err := p.Encode(row, out.Interface(), "id")
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.DecodeOutput(row, answer.Body)
			if err != nil {
				t.Fatalf("%v: %s", err, answer.Body)
			}
			want := awsapi.Node{Kind: awsapi.Map}
			if row.HasOutput() {
				want = tree(out.Elem())
			}
			inOrder(&want, row.Output())
			if diff := gocmp.Diff(string(want.AppendJSON(nil)), string(got.AppendJSON(nil))); diff != "" {
				t.Fatalf("%s\n%s", diff, answer.Body)
			}
		}
	})
}

// inOrder puts entries of maps into the order of their keys, as servers write
// them, and members of structures into that of the API model.
func inOrder(n *awsapi.Node, t awsapi.Type) {
	switch n.Kind {
	case awsapi.List:
		for i := range n.List {
			inOrder(&n.List[i], t.Elem())
		}
	case awsapi.Map:
		place := map[string]int{}
		if t.Kind() == awsapi.StructureType {
			for i, m := range t.Members() {
				place[m.Name] = i
			}
		}
		slices.SortFunc(n.Members, func(a, b awsapi.Member) int {
			return cmp.Or(place[a.Name]-place[b.Name], strings.Compare(a.Name, b.Name))
		})
		for i := range n.Members {
			inner := t
			if t.Kind() == awsapi.MapType {
				inner = t.Elem()
			} else if m, ok := t.Member(n.Members[i].Name); ok {
				inner = m.Type
			}
			inOrder(&n.Members[i].Value, inner)
		}
	}
}

func TestErrorsTravel(t *testing.T) {
	for _, p := range []both{awsjson.Protocol{}, awsquery.Protocol{}} {
		for _, message := range words {
			e := &awsapi.Error{Code: "SomeException", Message: message}
			code, got := p.DecodeError(p.EncodeError(nil, e, "id").Body)
			if code != e.Code || got != message {
				t.Errorf("%T: %s: %q, want %q", p, code, got, message)
			}
		}
		for _, body := range []string{"", "{", "null", "[1]", "<html>no", "<a/><b/>", "<!DOCTYPE a><a/>"} {
			if code, message := p.DecodeError([]byte(body)); code != "" || message != "" {
				t.Errorf("%T: %q is the error %s %s", p, body, code, message)
			}
		}
	}
}
