package file

import (
	"context"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// fileSet is a file that is read, the first, and those beside it that belong to it.
type fileSet []store.Info

// neighbours are the extensions of what is read beside a file.
func (s *source) neighbours() []string {
	if n, ok := s.reader.(format.Neighbours); ok && len(s.Unpack) == 0 {
		return n.Beside()
	}
	return nil
}

// together is the set of a file.
func (s *source) together(ctx context.Context, info store.Info) (fileSet, error) {
	extensions := s.neighbours()
	if c, ok := s.reader.(format.Companions); ok && len(s.Unpack) == 0 {
		extensions = append(slices.Clone(extensions), c.Companions()...)
	}
	set := fileSet{info}
	if len(extensions) == 0 {
		return set, nil
	}
	beside, err := s.beside(ctx, info.Key, extensions)
	for _, i := range beside {
		if i.Key != info.Key {
			set = append(set, i)
		}
	}
	return set, err
}

// beside are the files of the same name with one of the extensions, in upper or
// lower case, in the order of their names. One that was moved and got a number has
// beside it what got the same.
func (s *source) beside(ctx context.Context, key string, extensions []string) (found []store.Info, err error) {
	number := ""
	if s.moved(key) {
		number = copyNumber.FindString(key)
	}
	stem := stemOf(strings.TrimSuffix(key, number))
	infos, err := s.store.List(ctx, stem+".")
	for _, info := range infos {
		if slices.ContainsFunc(extensions, func(e string) bool { return strings.EqualFold(info.Key[len(stem):], e+number) }) {
			found = append(found, info)
		}
	}
	return found, err
}

func stemOf(key string) string { return strings.TrimSuffix(key, path.Ext(key)) }

// lastChange is when the file, or what is read beside it, was changed last.
func (s *source) lastChange(ctx context.Context, f store.Info) (time.Time, error) {
	last := f.Modified
	extensions := s.neighbours()
	if len(extensions) == 0 {
		return last, nil
	}
	beside, err := s.beside(ctx, f.Key, extensions)
	for _, i := range beside {
		if i.Modified.After(last) {
			last = i.Modified
		}
	}
	return last, err
}

// setSum is the sum of a file and of what is read beside it.
func (s *source) setSum(ctx context.Context, f store.Info) (string, error) {
	sum, err := s.sum(ctx, f)
	extensions := s.neighbours()
	if err != nil || len(extensions) == 0 {
		return sum, err
	}
	beside, err := s.beside(ctx, f.Key, extensions)
	if err != nil {
		return "", err
	}
	for _, i := range beside {
		part, err := s.sum(ctx, i)
		if err != nil {
			return "", err
		}
		sum += " " + strings.ToLower(path.Ext(s.plainKey(i.Key))) + " " + part
	}
	return sum, nil
}

// move moves the set to done_path.
func (s *source) move(ctx context.Context, name string, set fileSet) error {
	folder := s.folder(s.DonePath)
	number, err := s.free(ctx, folder, set, "")
	if err != nil {
		return err
	}
	return set.each(name, func(f store.Info) error { return s.mover.Move(ctx, f, folder+f.Key+number) })
}

// remove removes the set.
func (s *source) remove(ctx context.Context, name string, set fileSet) error {
	return set.each(name, func(f store.Info) error { return s.mover.Remove(ctx, f) })
}

// each takes the set away. The file that is read goes first: as long as it is there
// the next run finds it, with all that it needs. What cannot go stops none of the others.
func (set fileSet) each(name string, away func(store.Info) error) error {
	if err := away(set[0]); err != nil {
		return err
	}
	count, why := 0, error(nil)
	for _, f := range set[1:] {
		if err := away(f); err != nil && !messages.Has(err, messages.NotFound) {
			if count++; why == nil {
				why = err
			}
		}
	}
	if count > 0 {
		return messages.TakenPart.Wrap(why, "file", name, "count", count)
	}
	return nil
}

// mostCopies bounds how many files of one name done_path and error_path hold.
const mostCopies = 1000

// free is what the keys of a set get so that, in the folder and with the ending added,
// nothing has them: nothing or a number.
func (s *source) free(ctx context.Context, folder string, set fileSet, ending string) (number string, err error) {
	prefix := folder + set[0].Key
	if len(set) > 1 {
		prefix = folder + stemOf(set[0].Key) + "."
	}
	infos, err := s.store.List(ctx, prefix)
	if err != nil {
		return "", err
	}
	taken := map[string]bool{}
	for _, i := range infos {
		taken[i.Key] = true
	}
	for n := 2; slices.ContainsFunc(set, func(f store.Info) bool { return taken[folder+f.Key+number+ending] }); n++ {
		if n > mostCopies {
			return "", messages.ConditionFailed.With("store", s.store.Describe())
		}
		number = "~" + strconv.Itoa(n)
	}
	return number, nil
}
