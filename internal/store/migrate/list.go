package migrate

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Migration is one file of them, with the words of an engine put in.
type Migration struct {
	Number int64
	Name   string // of the file, without its end
	Text   string

	// Beside is the least number that a node has to know to work on a database with
	// this migration: its own, unless the file says otherwise.
	Beside int64
}

var beside = regexp.MustCompile(`(?m)^--\s*\+daypass beside (\S+)\s*$`)

// List is the migrations in order.
func (m Migrations) List() ([]Migration, error) {
	names, err := fs.Glob(m.Files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	var list []Migration
	for _, name := range names {
		text, err := fs.ReadFile(rendered{m.Files, m.Words}, name)
		if err != nil {
			return nil, fmt.Errorf("schema: %w", err)
		}
		digits, _, _ := strings.Cut(name, "_")
		number, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || number < 1 {
			return nil, fmt.Errorf("schema: %s does not begin with a number", name)
		}
		one := Migration{Number: number, Name: strings.TrimSuffix(path.Base(name), ".sql"), Text: string(text), Beside: number}
		if mark := beside.FindSubmatch(text); mark != nil {
			one.Beside, err = strconv.ParseInt(string(mark[1]), 10, 64)
			if err != nil || one.Beside < 1 || one.Beside > number {
				return nil, fmt.Errorf("schema: %s runs beside %q, which is no earlier migration", name, mark[1])
			}
		}
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b Migration) int { return cmp.Compare(a.Number, b.Number) })
	for n := range list {
		if n > 0 && list[n-1].Number == list[n].Number {
			return nil, fmt.Errorf("schema: %s and %s have the same number", list[n-1].Name, list[n].Name)
		}
	}
	return list, nil
}
