package pipelines

// nationalSchemas are the columns of schemas that French town halls publish by,
// from their table schemas on schema.data.gouv.fr; of long ones, those that are
// required or always filled.
var nationalSchemas = []struct {
	name    string
	columns []string
}{
	{"scdl/subventions", []string{"nomAttribuant", "idAttribuant", "dateConvention", "referenceDecision", "nomBeneficiaire", "idBeneficiaire",
		"objet", "montant", "nature", "conditionsVersement", "datesPeriodeVersement", "notificationUE", "pourcentageSubvention"}},
	{"scdl/deliberations", []string{"COLL_NOM", "COLL_SIRET", "DELIB_ID", "DELIB_DATE", "DELIB_MATIERE_CODE", "DELIB_MATIERE_NOM", "DELIB_OBJET",
		"BUDGET_ANNEE", "BUDGET_NOM", "PREF_ID", "PREF_DATE", "VOTE_EFFECTIF", "VOTE_REEL", "VOTE_POUR", "VOTE_CONTRE", "VOTE_ABSTENTION", "DELIB_URL"}},
	{"scdl/catalogue", []string{"COLL_NOM", "COLL_SIRET", "ID", "TITRE", "DESCRIPTION", "THEME", "PRODUCTEUR_NOM", "PRODUCTEUR_SIRET",
		"DATE_PUBL", "FREQ_MAJ", "DATE_MAJ", "MOTS_CLES", "LICENCE", "URL"}},
	{"scdl/prenoms", []string{"COMMUNE_NOM", "COLL_INSEE", "ENFANT_SEXE", "ENFANT_PRENOM", "NOMBRE_OCCURRENCES", "ANNEE"}},
	{"scdl/equipements", []string{"COLL_NOM", "COLL_SIRET", "EQUIP_UID", "EQUIP_THEME", "EQUIP_CODE", "EQUIP_TYPE", "EQUIP_NOM", "ADR_NUMERO",
		"ADR_NOMVOIE", "ADR_CODEPOSTAL", "ADR_COMMUNE", "EQUIP_LAT", "EQUIP_LONG"}},
	{"scdl/budget", []string{"BGT_NATDEC", "BGT_ANNEE", "BGT_SIRET", "BGT_NOM", "BGT_CONTNAT", "BGT_NATURE", "BGT_FONCTION", "BGT_OPERATION",
		"BGT_SECTION", "BGT_OPBUDG", "BGT_CODRD", "BGT_MTREAL", "BGT_MTPREV", "BGT_ARTSPE"}},
	{"base-adresse-locale", []string{"cle_interop", "commune_insee", "voie_nom", "numero", "suffixe", "commune_nom", "position", "long", "lat", "x", "y", "source", "date_der_maj"}},
	{"decp (marchés)", []string{"id", "uid", "acheteur.id", "acheteur", "nature", "objet", "codeCPV", "procedure", "lieuExecution.code", "lieuExecution",
		"dureeMois", "dateNotification", "montant", "formePrix", "titulaires"}},
	{"hautes-remunerations", []string{"siren", "denomination_employeur", "annee", "somme_10_plus_hautes_remunerations_brutes", "nb_femmes_beneficiaires",
		"nb_hommes_beneficiaires", "duree_cumulee_mois"}},
	{"stationnement", []string{"id", "nom", "insee", "adresse", "type_usagers", "gratuit", "nb_places", "nb_pr", "nb_pmr", "hauteur_max", "num_siret", "Xlong", "Ylat", "type_ouvrage"}},
	{"irve-statique", []string{"nom_amenageur", "nom_operateur", "nom_enseigne", "id_station_itinerance", "nom_station", "implantation_station",
		"adresse_station", "coordonneesXY", "nbre_pdc", "id_pdc_itinerance", "puissance_nominale", "date_maj"}},
	{"menus-collectifs", []string{"menuCollNom", "menuCollSiret", "menuEtablissementNom", "menuDate", "menuRepasType", "menuPlatType", "menuPlatNom"}},
	{"dae", []string{"nom", "lat_coor1", "long_coor1", "adr_num", "adr_voie", "com_cp", "com_insee", "com_nom", "acc", "disp_j", "disp_h", "etat_fonct"}},
}
