package arrowx

import "sync"

// Spares keeps what was used for whoever needs one next, as a sync.Pool does,
// but the collector takes none of it: buffers that have grown to the size of
// the work stay grown. It holds as many as were in use at once, and lets them
// go when it goes itself, so it belongs to a file, not to a program.
type Spares[T any] struct {
	New func() T // nil makes zero values

	mu   sync.Mutex
	free []T
}

// Get is one that was put back, or a new one.
func (s *Spares[T]) Get() T {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free) - 1; n >= 0 {
		v := s.free[n]
		s.free = s.free[:n]
		return v
	}
	if s.New == nil {
		var zero T
		return zero
	}
	return s.New()
}

// Put gives one back. Who does no longer uses it.
func (s *Spares[T]) Put(v T) {
	s.mu.Lock()
	s.free = append(s.free, v)
	s.mu.Unlock()
}
