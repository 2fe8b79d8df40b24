package file

import "github.com/lavoir-data/lavoir/connectors/format"

// Whole says whether all that the files hold is read: what packs them holds names, at least.
func (s *source) Whole() bool {
	w, ok := s.reader.(format.Whole)
	return ok && w.Whole() && len(s.Unpack) == 0
}
