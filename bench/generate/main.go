// Command generate writes the data that bench measures with. The same arguments
// give the same bytes on any machine.
//
//	go run ./bench/generate -rows 5000000 -out FOLDER [-real FOLDER]
//
// In FOLDER it makes grants.csv (UTF-8, comma), grants-cp1252.csv (the same rows as
// office software of town halls exports them: cp1252, semicolon, decimal comma,
// DD/MM/YYYY) and, where -real is a folder of real exports, real.csv, whose rows
// are shaped like those. With -kind it makes persons.csv or classes.csv instead.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
)

const (
	seed      = 20240205
	chunkRows = 16384 // each chunk has its own random numbers, so that cores can share the work
)

func main() {
	rows := flag.Int("rows", 5_000_000, "rows of grants")
	out := flag.String("out", "", "folder to write to")
	real := flag.String("real", "", "folder of real exports to resample; none: no real.csv")
	realRows := flag.Int("real-rows", 0, "rows of real.csv; 0: a third of rows")
	kind := flag.String("kind", "grants", "grants; persons, for the privacy stage; classes, of known sizes")
	flag.Parse()
	if *out == "" || *rows < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	var err error
	switch *kind {
	case "persons":
		err = writePersons(*out, *rows)
	case "classes":
		err = writeClasses(*out, *rows)
	default:
		err = writeGrants(*out, *rows)
	}
	if err == nil && *real != "" {
		if *realRows == 0 {
			*realRows = max(1, *rows/3)
		}
		err = writeReal(*out, *real, *realRows)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func writeGrants(out string, rows int) error {
	return inChunks(rows, []string{filepath.Join(out, "grants.csv"), filepath.Join(out, "grants-cp1252.csv")},
		[][]byte{plain.header(grantColumns), office.header(grantColumns)},
		func(r *rand.Rand, first, n int, bufs [][]byte) {
			var g grant
			for i := range n {
				g.draw(r, first+i)
				bufs[0] = plain.append(bufs[0], &g)
				bufs[1] = office.append(bufs[1], &g)
			}
		})
}

// inChunks fills one buffer for each file and chunk, on all cores, and writes them in order.
func inChunks(rows int, paths []string, headers [][]byte, fill func(r *rand.Rand, first, n int, bufs [][]byte)) error {
	files := make([]*bufio.Writer, len(paths))
	for i, p := range paths {
		f, err := os.Create(p)
		if err != nil {
			return err
		}
		defer f.Close()
		files[i] = bufio.NewWriterSize(f, 1<<20)
		if _, err := files[i].Write(headers[i]); err != nil {
			return err
		}
	}
	workers := runtime.GOMAXPROCS(0)
	full, empty := make([]chan [][]byte, workers), make([]chan [][]byte, workers)
	for w := range workers {
		full[w], empty[w] = make(chan [][]byte), make(chan [][]byte, 2)
		empty[w] <- make([][]byte, len(paths))
		empty[w] <- make([][]byte, len(paths))
		go func() {
			defer close(full[w])
			for chunk := w; chunk*chunkRows < rows; chunk += workers {
				first := chunk * chunkRows
				bufs := <-empty[w]
				for i := range bufs {
					bufs[i] = bufs[i][:0]
				}
				fill(rand.New(rand.NewPCG(seed, uint64(chunk))), first, min(chunkRows, rows-first), bufs)
				full[w] <- bufs
			}
		}()
	}
	for w := 0; ; w = (w + 1) % workers {
		bufs, more := <-full[w]
		if !more {
			break
		}
		for i, b := range bufs {
			if _, err := files[i].Write(b); err != nil {
				return err
			}
		}
		empty[w] <- bufs
	}
	for _, f := range files {
		if err := f.Flush(); err != nil {
			return err
		}
	}
	return nil
}
