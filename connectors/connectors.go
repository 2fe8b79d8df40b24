// Package connectors is the catalogue of everything that reads and writes.
package connectors

import (
	"github.com/lavoir-data/lavoir/connectors/file"
	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/connectors/sql"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
)

// All are the connections, sources, formats and loads.
var All = []pipelines.Component{
	store.Local,
	store.S3,
	store.SFTP,
	store.HTTP,
	store.WebDAV,
	store.FTP,
	sql.PostgresConnection,
	sql.SQLiteConnection,

	file.Source,
	sql.PostgresSource,
	sql.SQLiteSource,

	format.CSV,
	format.Fixed,
	format.DBF,
	format.XLSX,
	format.ODS,
	format.XLS,
	format.Parquet,
	format.XML,
	format.JSON,
	format.JSONLines,
	format.GeoJSON,
	format.Shape,

	file.LoadLocal,
	file.LoadS3,
	file.LoadSFTP,
	file.LoadWebDAV,
}
