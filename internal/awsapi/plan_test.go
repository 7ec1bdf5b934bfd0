package awsapi

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMemberTag(t *testing.T) {
	type input struct {
		Plain    string
		Required string `aws:"required"`
		Arn      string `aws:"name=arn"`
		Both     string `aws:"name=both,required"`
	}
	type member struct {
		Name     string
		Required bool
	}
	var got []member
	for i := range reflect.TypeFor[input]().NumField() {
		name, required := MemberTag(reflect.TypeFor[input]().Field(i))
		got = append(got, member{name, required})
	}
	want := []member{{"Plain", false}, {"Required", true}, {"arn", false}, {"both", true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMemberTagMisspelled(t *testing.T) {
	type input struct {
		Name string `aws:"requierd"`
	}
	defer func() {
		if got, want := recover(), any(`awsapi: member Name has the tag "requierd"`); got != want {
			t.Errorf("panic %v, want %v", got, want)
		}
	}()
	MemberTag(reflect.TypeFor[input]().Field(0))
}
