package pipelines

import (
	"errors"
	"io/fs"
)

// Unreadable is why a file could not be used, without its name, for a message.
// The usual reasons are the same on every system; others are in its words.
func Unreadable(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "it does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "the account may not use it"
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return err.Error()
}
