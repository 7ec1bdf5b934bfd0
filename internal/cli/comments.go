package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"strings"
)

// commentsOf reads the comments of a service's shapes out of their source: of a
// type under its name, of a member under TYPE.MEMBER.
func commentsOf(source fs.FS) map[string]string {
	comments := map[string]string{}
	files, _ := fs.Glob(source, "*.go") // the pattern is right
	for _, name := range files {
		text, err := fs.ReadFile(source, name)
		if err != nil {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			continue // the compiler has read it
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			comments[spec.Name.Name] = strings.Join(strings.Fields(spec.Doc.Text()), " ")
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, member := range s.Fields.List {
					for _, m := range member.Names {
						comments[spec.Name.Name+"."+m.Name] = strings.Join(strings.Fields(member.Doc.Text()), " ")
					}
				}
			}
			return true
		})
	}
	return comments
}
