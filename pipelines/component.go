package pipelines

import (
	"fmt"
	"reflect"
	"sort"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Kind is the block a component is written in.
type Kind string

const (
	KindConnection Kind = "connection"
	KindSource     Kind = "source"
	KindTransform  Kind = "transform"
	KindFormat     Kind = "format" // nested in sources ("format") and loads ("file")
	KindPrivacy    Kind = "privacy"
	KindLoad       Kind = "load"
)

// Component is something a pipeline file can name: a value, not a side effect.
// Its config struct is at once schema, defaults, reference page, JSON Schema
// and completion; see Decode for the field types and tags it may have.
type Component struct {
	Kind Kind
	Name string
	Doc  string // one sentence

	defaults any
	build    func(Env, any) (any, error)
}

// Define makes a component of any kind. build is called for every task that
// uses the component, with its own copy of the decoded config; it touches no
// data and no network.
func Define[C, T any](kind Kind, name, doc string, defaults C, build func(Env, C) (T, error)) Component {
	return Component{kind, name, doc, defaults, func(env Env, c any) (any, error) {
		t, err := build(env, c.(C))
		if err != nil {
			return nil, err
		}
		return t, nil
	}}
}

// DefineTransform makes a transform.
func DefineTransform[C any](name, doc string, defaults C, build func(Env, C) (Transform, error)) Component {
	return Define(KindTransform, name, doc, defaults, build)
}

// DefineSource makes a source.
func DefineSource[C any](name, doc string, defaults C, build func(Env, C) (Source, error)) Component {
	return Define(KindSource, name, doc, defaults, build)
}

// DefineLoad makes a load.
func DefineLoad[C any](name, doc string, defaults C, build func(Env, C) (Sink, error)) Component {
	return Define(KindLoad, name, doc, defaults, build)
}

// DefineConnection makes a connection; T is what the sources and loads that use
// it expect (a store, a database).
func DefineConnection[C, T any](name, doc string, defaults C, build func(Env, C) (T, error)) Component {
	return Define(KindConnection, name, doc, defaults, build)
}

// New is the component's zero-config value: a fresh copy of its defaults.
func (c Component) New() any { return c.defaults }

// Build makes the component from a config that Decode returned.
func (c Component) Build(env Env, config any) (any, error) { return c.build(env, config) }

// Fields are the arguments and blocks of the component's configuration, in the
// order of the struct.
func (c Component) Fields() []Field {
	return fieldsOf(reflect.TypeOf(c.defaults), reflect.ValueOf(c.defaults))
}

// Built is a component with a decoded configuration, ready to be built for a task.
type Built struct {
	Component Component
	Label     string
	Config    any
	Range     hcl.Range
	Body      *hclsyntax.Body // as it is written; nil where it is not: mistakes in it are then placed at Range
}

// IsSet says whether the pipeline file had the block.
func (b Built) IsSet() bool { return b.Config != nil }

// As builds b and gives it as a T; what is not a T is refused with a message.
func As[T any](b Built, env Env) (T, error) {
	var zero T
	v, err := b.Component.Build(env, b.Config)
	if err != nil {
		return zero, err
	}
	t, ok := v.(T)
	if !ok {
		return zero, fmt.Errorf("%s %q is no %T", b.Component.Kind, b.Component.Name, (*T)(nil))
	}
	return t, nil
}

// Registry is the set of components a binary knows.
type Registry struct {
	byKey   map[[2]string]Component
	all     []Component
	layouts sync.Map // of config types: []field, read from their tags once
}

// NewRegistry collects catalogues. Two components of one kind and name are an error.
func NewRegistry(catalogues ...[]Component) (*Registry, error) {
	r := &Registry{byKey: map[[2]string]Component{}}
	for _, cat := range catalogues {
		for _, c := range cat {
			k := [2]string{string(c.Kind), c.Name}
			if _, twice := r.byKey[k]; twice {
				return nil, fmt.Errorf("two components are %s %q", c.Kind, c.Name)
			}
			r.byKey[k] = c
			r.all = append(r.all, c)
		}
	}
	return r, nil
}

// Find is the component of a kind and name.
func (r *Registry) Find(k Kind, name string) (Component, bool) {
	c, ok := r.byKey[[2]string{string(k), name}]
	return c, ok
}

// All are the components of a kind, by name; of every kind when k is "".
func (r *Registry) All(k Kind) []Component {
	var cs []Component
	for _, c := range r.all {
		if k == "" || c.Kind == k {
			cs = append(cs, c)
		}
	}
	sort.SliceStable(cs, func(i, j int) bool {
		if cs[i].Kind != cs[j].Kind {
			return cs[i].Kind < cs[j].Kind
		}
		return cs[i].Name < cs[j].Name
	})
	return cs
}

// MustRegistry is NewRegistry for catalogues that are fixed when a program is
// built; two components of one kind and name are a mistake of its author.
func MustRegistry(catalogues ...[]Component) *Registry {
	r, err := NewRegistry(catalogues...)
	if err != nil {
		panic(err)
	}
	return r
}
