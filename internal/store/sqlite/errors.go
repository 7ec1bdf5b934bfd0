package sqlite

import (
	binding "zombiezen.com/go/sqlite"

	"github.com/daypass/daypass/internal/store/engine"
)

// ErrorKind implements [engine.Engine]. With one process and one writer, it is
// another tool that looks at the file for which something has to be tried again.
func (e *Engine) ErrorKind(err error) engine.ErrorKind {
	code := binding.ErrCode(err)
	switch code {
	case binding.ResultConstraintUnique, binding.ResultConstraintPrimaryKey, binding.ResultConstraintRowID:
		return engine.Unique
	case binding.ResultConstraintForeignKey, binding.ResultConstraintTrigger:
		return engine.ForeignKey
	}
	switch code.ToPrimary() {
	case binding.ResultBusy, binding.ResultLocked:
		return engine.TryAgain
	case binding.ResultFull, binding.ResultIOErr, binding.ResultReadOnly, binding.ResultCantOpen:
		return engine.Unwritable
	}
	return engine.Other
}
