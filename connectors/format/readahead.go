package format

import "io"

// readAhead is a file that is cut as it is read: what was read of it and not yet
// given out.
type readAhead struct {
	file  io.ReadCloser
	text  io.Reader // what file holds, as UTF-8 where it is read so
	held  []byte
	ended bool  // nothing is left to read
	err   error // what comes when held is used up
}

// fill reads until size bytes are held or the file ends.
func (s *readAhead) fill(size int) error {
	if cap(s.held) < size {
		s.held = append(make([]byte, 0, size), s.held...)
	}
	for len(s.held) < size && !s.ended {
		n, err := s.text.Read(s.held[len(s.held):size])
		s.held = s.held[:len(s.held)+n]
		if err == io.EOF {
			s.ended = true
		} else if err != nil {
			return err
		}
	}
	return nil
}

// Close is pipelines.Chunks'.
func (s *readAhead) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file, s.held = nil, nil
	if s.err == nil {
		s.err = io.ErrClosedPipe
	}
	return err
}
