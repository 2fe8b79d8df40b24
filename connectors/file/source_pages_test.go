package file

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/connectors/store/storetest"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// webSource is a file source on an HTTP connection, of CSV.
func webSource(t *testing.T, address, more, path string) (pipelines.Source, error) {
	t.Helper()
	env := storetest.Env(t.TempDir())
	config, diags := storetest.Decode(store.HTTP, fmt.Sprintf("url = %q\n%s", address, more))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	csv, diags := storetest.Decode(format.CSV, `delimiter = ";"`)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return newSource(env, sourceConfig{
		Connection: pipelines.Connection{Built: pipelines.Built{Component: store.HTTP, Label: "api", Config: config}},
		OnDone:     "keep", Path: path, Format: pipelines.Built{Component: format.CSV, Label: "csv", Config: csv},
	})
}

func countRows(t *testing.T, s pipelines.Source) (rows int64, err error) {
	t.Helper()
	ctx := context.Background()
	stream, err := s.Open(ctx)
	if err != nil {
		return 0, err
	}
	defer stream.Close()
	for {
		batch, err := stream.Next(ctx)
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return rows, err
		}
		rows += batch.NumRows()
		batch.Release()
	}
}

// Pages are asked for while they are read, and read again for a second pass.
func TestSourcePages(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("p"))
		if n < 3 {
			w.Header().Set("Link", fmt.Sprintf("<?p=%d>; rel=next", n+1))
		}
		fmt.Fprintf(w, "id;ville\n%d;Val-Fleuri\n%d;Val-Moussu\n", n, n)
	}))
	defer srv.Close()
	s, err := webSource(t, srv.URL, `paging = "link"`, "villes?p=0")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if n, err := countRows(t, s); n != 8 || err != nil {
			t.Errorf("%d rows, %v", n, err)
		}
	}
	if _, err := webSource(t, srv.URL, "", "villes_*.csv"); !messages.Has(err, messages.NotListable) {
		t.Errorf("a pattern: %v", err)
	}
}

// A file whose length is told by its end alone is read, and so is one made anew
// for each answer.
func TestSourceOfNoKnownLength(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		fmt.Fprint(w, "id;ville\n")
		w.(http.Flusher).Flush()
		fmt.Fprint(w, "1;Val-Fleuri\n")
	}))
	defer srv.Close()
	s, err := webSource(t, srv.URL, "", "villes.csv")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := countRows(t, s); n != 1 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
}
