package main

import "strings"

// The towns are invented: a beginning and an end that no French town joins so.
var towns, townSirets = func() (names []string, sirets []string) {
	for i, a := range strings.Fields("Val Saint-Exemple Fontaine Roche Château Clair Bois Haute Belle Vieux Mont Pré Grand Petit Longue Champ Étang Île Côte Forêt Grève Chêne Hêtre Mûre Prés Bourg") {
		for j, b := range strings.Fields("Fleuri-du-Lavoir d’Écume sur-Lavoir aux-Œillets l’Évêque-Inventé en-Brèche les-Cigognes la-Chaussée sous-l’Orme de-l’Hêtraie du-Tilleul Vermeille aux-Moines-Gris lès-Prés-Verts Rêvée d’Août les-Bruyères le-Vieux-Pont à-la-Crêpe des-Ajoncs") {
			names = append(names, a+"-"+b)
			sirets = append(sirets, string(appendSiret(nil, uint64(i*100+j))))
		}
	}
	return names, sirets
}()

var kinds = []string{"aide en numéraire", "aide en nature", "aide en numéraire;aide en nature", "mise à disposition", "fonds de concours"}

var associationKinds = []string{"Association", "Amicale", "Comité", "Club", "Union sportive", "Société d’histoire", "Foyer rural", "Collectif",
	"Harmonie", "École de musique", "Cercle", "Mission locale", "Régie de quartier", "Fédération", "Coopérative", "Théâtre", "Œuvre", "Maison"}

var openings = []string{"Subvention de fonctionnement", "Aide au projet", "Soutien à l’organisation", "Participation aux frais", "Acquisition",
	"Rénovation", "Festival", "Travaux de réfection", "Accompagnement", "Création d’un poste", "Convention pluriannuelle d’objectifs", "Avance remboursable"}

var links = []string{"de", "du", "des", "pour", "avec", "et", "sans", "à la", "dans le", "autour du", "au titre de", "en faveur des", "sur"}

// words are common ones, so that texts repeat as much as those of real exports do.
var words = strings.Fields(`accès accueil achat action adhésion aménagement animation année appareil apprentissage arbre archive arène arrêté art
artiste assainissement atelier athlétisme auberge audiovisuel autonomie aviron bâtiment badminton bal baignade banquet barrière basket bassin
bénévolat berge bibliothèque bicyclette biodiversité boisement boulodrome bourse bûcher buvette cadastre cadre café calendrier camp canal cantine
carnaval carrière cérémonie chantier chapelle chasse château chaudière chauffage chemin chêne chœur chorale cimetière cinéma cirque citoyenneté
classe clôture cœur collège colonie commémoration commerce commission communauté concert concours conférence conseil consigne conte convention
coopération cortège couture crèche créneau culture cyclisme danse débat déchet découverte défense défilé déneigement dépôt derby désherbage dessin
développement diagnostic diffusion digue distribution domaine dortoir drainage droit eau échange éclairage école économie écran édition éducation
effectif église élection élève embarcation emploi encadrement énergie enfance engagement enquête enseignement entraînement entretien environnement
équipe équipement escalade escrime espace essai établissement étang étape étude évènement éveil excursion exercice exposition façade famille fanfare
fauchage ferme fête feu filière fleurissement foire folklore fontaine football forêt formation forum fossé four fournitures foyer fresque galerie
gare gestion gîte goûter grange grève guichet gymnase gymnastique habitat haie halle halte handball hangar harmonie hébergement herbier histoire
hôpital horloge hydraulique hygiène île illumination immeuble impression inauguration inclusion informatique initiation innovation insertion
installation instrument intégration intercommunalité invitation isolation itinéraire jardin jeunesse jeu journal journée judo jumelage kayak kermesse
laboratoire langue lavoir lecture lien ligne littoral livre location logement logiciel loisir lutte lycée machine mairie maison maîtrise manège
manifestation maraîchage marché marionnette matériel médiation médiathèque mémoire menuiserie mérite métier mobilier mobilité moisson monument
mosaïque moulin musée musique mutualisation natation nature navette nettoyage numérique observatoire œuvre office opération orchestre ordinateur
organisation orgue orientation outil ouverture ouvrage paille panneau parc parcours parking paroisse participation partenariat passerelle patinage
patrimoine pêche peinture pépinière permanence personnel pétanque photographie piscine piste plage plan plantation plateau poésie politique pompe
pont port poste potager prévention printemps prix production programme projecteur projet promotion propreté protection publication quai quartier
radio randonnée recherche récolte recyclage réfection réhabilitation relais remparts rencontre rénovation repas répétition réseau réserve résidence
restauration réunion rivière rucher rugby ruisseau sable saison salle santé sapeur scène sculpture sécheresse secours sécurité sentier séjour
serre service signalétique site ski société soirée solidarité son sortie source spectacle sport stade stage statue structure subvention surveillance
tableau tambour taxe tennis terrain territoire théâtre tilleul tir toiture tourisme tournoi traduction train transition transport travaux tribune
trophée université urbanisme usage usine vacances vallée vannerie vélo véhicule verger vernissage vestiaire viaduc vidéo vigne village visite vitrail
voile voirie volley voûte voyage yoga zone`)
