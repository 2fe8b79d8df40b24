# The same file read with the same reader, and judged by nothing but for what stands in
# the texts of its columns, all of which are public here: what proving it costs besides its gate.
project {
  memory = "184MiB"
  state  = "state"
}

variable "data" {
  type = text
}

connection "local" "data" {
  path = var.data
}

connection "local" "portal" {
  path = "published"
}

pipeline "reading" {
  authorization {
    allowed   = true
    reference = "invented data"
  }
  source "file" "persons" {
    connection   = connection.local.data
    path         = "persons.parquet"
    not_personal = { naissance = "a year" }
    format "parquet" {}
  }
  privacy {
    public = ["personne", "naissance", "code_postal", "inscription", "quotient", "montant", "prestation"]
    expect "personne" {
      kinds  = ["iban"]
      reason = "codes, of which one in a million has the form of an account number"
    }
  }
  load "local" "portal" {
    connection = connection.local.portal
    file "parquet" {
      level = 1
    }
  }
}
