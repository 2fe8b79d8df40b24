# Work postgres: a whole table over one connection, published as Parquet.
project {
  memory = "128MiB"
  state  = "state"
}

variable "host" {
  type = text
}

variable "port" {
  type = number
}

secret "database" {
  env = "PGPASSWORD"
}

connection "postgres" "database" {
  host     = var.host
  port     = var.port
  user     = "postgres"
  password = secret.database
  sslmode  = "disable" # as for every peer: the server is on the loopback
}

connection "local" "portal" {
  path = "published"
}

pipeline "grants" {
  authorization {
    allowed   = true
    reference = "invented data"
  }
  source "postgres" "grants" {
    connection = connection.postgres.database
    query      = "SELECT * FROM grants"
  }
  privacy {
    public = ["id", "attribuant", "attribuant_siret", "exercice", "association", "association_siret", "objet", "nature",
    "montant", "taux", "convention_le", "versement_le"]
    expect "association" {
      kinds  = ["name"]
      reason = "names of associations, which are drawn from words"
    }
  }
  load "local" "portal" {
    connection = connection.local.portal
    file "parquet" {
      level = 1
    }
  }
}
