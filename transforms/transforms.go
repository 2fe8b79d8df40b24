// Package transforms is the catalogue of the transforms that come with lavoir.
package transforms

import (
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/transforms/columns"
	"github.com/lavoir-data/lavoir/transforms/places"
	"github.com/lavoir-data/lavoir/transforms/privacy"
	"github.com/lavoir-data/lavoir/transforms/rows"
	"github.com/lavoir-data/lavoir/transforms/tables"
	"github.com/lavoir-data/lavoir/transforms/text"
)

// All are the transforms, and the privacy stages.
var All = []pipelines.Component{
	columns.Cast,
	columns.Constant,
	columns.Derive,
	columns.Drop,
	columns.Rename,
	columns.Select,

	places.Square,

	privacy.Policy,
	privacy.Pseudonymize,

	rows.Deduplicate,
	rows.Filter,
	rows.Limit,
	rows.Sort,

	tables.Aggregate,
	tables.Join,
	tables.Lookup,
	tables.Union,

	text.Normalise,
	text.Nullify,
	text.Replace,
	text.Split,
}
