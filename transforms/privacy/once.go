package privacy

import (
	"crypto/sha256"
	"sync"
	"weak"
)

// once is what is made of the bytes of files, made once for all that use it at a time: each
// task of hundreds of towns names the same hierarchy. What is made must not change.
type once[T any] struct {
	mu   sync.Mutex
	made map[[sha256.Size]byte]weak.Pointer[T]
}

// of gives what read makes of data, or made of the same bytes for somebody who uses it still.
func (o *once[T]) of(data []byte, read func([]byte) (*T, error)) (*T, error) {
	key := sha256.Sum256(data)
	o.mu.Lock()
	defer o.mu.Unlock()
	if t := o.made[key].Value(); t != nil {
		return t, nil
	}
	t, err := read(data)
	if err != nil {
		return nil, err
	}
	if o.made == nil {
		o.made = map[[sha256.Size]byte]weak.Pointer[T]{}
	}
	for key, p := range o.made {
		if p.Value() == nil {
			delete(o.made, key)
		}
	}
	o.made[key] = weak.Make(t)
	return t, nil
}
