// Each strategy in a sentence, for who is about to choose one.

/** @type {Record<string, string>} */
export const strategySentences = {
  'n-to-1':
    'All work goes to the first backend that may take it; the others stand by. Weights do not matter.',
  'round-robin':
    'Each backend gets work in turn, as often as its weight says. It does not see who is slow.',
  'least-connections':
    'Work goes to the backend that holds least for its weight. Good for work of very different length.',
  'least-response-time':
    'Work goes where little is held and answers have been quick. Good when backends differ.',
  'peak-ewma': 'As least-response-time, but it believes the latest slow answer at once.',
  'two-choices':
    'Two backends are drawn, the less busy one gets the work. Good when several proxies share backends.',
  random: 'A backend is drawn by chance, by weight.',
  source: 'The same client always gets the same backend, as long as the backends stay the same.',
  rendezvous: 'The same key gets the same backend; when a backend goes, only its keys move.',
  ring: 'The same key gets the same backend, by consistent hashing on a ring.',
  maglev: "The same key gets the same backend, by Maglev's table: quick and very even.",
}
