//! What is said in the example calls.

/// A conversation that several calls have, each with its own times.
pub(super) struct Script {
    /// A BCP 47 tag.
    pub language: &'static str,
    pub region: &'static str,
    pub topic: &'static str,
    /// How the caller feels, and how strongly.
    pub sentiment: (&'static str, f64),
    /// Utterances in turns; those of the agent begin with `A: `, the caller's with `C: `.
    pub said: &'static [&'static str],
}

/// The conversations.
pub(super) const SCRIPTS: [Script; 8] = [
    Script {
        language: "en-US",
        region: "us-east",
        topic: "delivery",
        sentiment: ("positive", 0.82),
        said: &[
            "A: Good morning, this is Nora from Parcel Point. How can I help you?",
            "C: Hi, I am waiting for a package that should have arrived yesterday.",
            "A: I am sorry to hear that. May I have the tracking number, please?",
            "C: Sure, it is four seven one, nine nine, two six.",
            "A: Thank you. I can see it. The parcel left our depot this morning and is on the van now.",
            "C: Oh great, so it comes today?",
            "A: Yes, between two and four in the afternoon. Shall I send you a message with a link?",
            "C: That would be perfect, thank you so much.",
            "A: You are welcome. Is there anything else I can do?",
            "C: No, that is all. Have a good day.",
        ],
    },
    Script {
        language: "en-US",
        region: "us-west",
        topic: "billing",
        sentiment: ("negative", 0.74),
        said: &[
            "A: Hello, you have reached billing. My name is Theo.",
            "C: I was charged twice for the same month, and this is the third time I call about it.",
            "A: I understand that this is annoying. Let me look at your account.",
            "C: Please do. I really do not want to call again.",
            "A: I see two payments of forty nine dollars on the second of the month.",
            "C: Exactly, and only one of them is right.",
            "A: I am refunding the second one now. It takes three to five business days.",
            "C: Your colleague said the same thing last week.",
            "A: This time I have the confirmation on my screen, and I will send it to you by mail.",
            "C: Fine. I will believe it when I see it.",
        ],
    },
    Script {
        language: "en-GB",
        region: "eu-west",
        topic: "appointment",
        sentiment: ("neutral", 0.51),
        said: &[
            "A: Riverside Dental, good afternoon. How may I help?",
            "C: Hello, I would like to move my appointment on Thursday.",
            "A: Of course. Which day would suit you better?",
            "C: Some time next week, preferably in the morning.",
            "A: I have Tuesday at nine, or Wednesday at half past ten.",
            "C: Wednesday at half past ten sounds good.",
            "A: Lovely, I have moved it. You will get a reminder the day before.",
            "C: Thank you, goodbye.",
        ],
    },
    Script {
        language: "de-DE",
        region: "eu-central",
        topic: "internet",
        sentiment: ("negative", 0.63),
        said: &[
            "A: Guten Tag, Sie sprechen mit dem technischen Kundendienst. Was kann ich für Sie tun?",
            "C: Mein Internet ist seit heute Morgen sehr langsam.",
            "A: Das tut mir leid. Haben Sie den Router schon neu gestartet?",
            "C: Ja, zweimal, und es hat nichts geändert.",
            "A: Ich messe kurz Ihre Leitung. Einen Augenblick bitte.",
            "C: Ist gut, ich warte.",
            "A: In Ihrem Gebiet gibt es eine Störung. Sie ist gegen achtzehn Uhr behoben.",
            "C: Na gut, dann warte ich bis heute Abend.",
        ],
    },
    Script {
        language: "en-US",
        region: "us-east",
        topic: "pizza",
        sentiment: ("positive", 0.91),
        said: &[
            "A: Welcome to Luigi's. What would you like to order?",
            "C: Two large pizzas, please. One with mushrooms and one with extra cheese.",
            "A: Great choice. Anything to drink with that?",
            "C: A bottle of sparkling water.",
            "A: That makes thirty one dollars and fifty cents. Delivery or pickup?",
            "C: Delivery, to twelve Maple Street.",
            "A: It will be there in thirty five minutes.",
            "C: Wonderful, see you soon.",
        ],
    },
    Script {
        language: "es-ES",
        region: "eu-south",
        topic: "hotel",
        sentiment: ("positive", 0.68),
        said: &[
            "A: Hotel Miramar, buenos días. ¿En qué puedo ayudarle?",
            "C: Buenos días. Quería reservar una habitación doble para el fin de semana.",
            "A: Con mucho gusto. ¿Del viernes al domingo?",
            "C: Sí, dos noches, con desayuno.",
            "A: Tengo una con vistas al mar por ciento diez euros la noche.",
            "C: Perfecto, me la quedo.",
            "A: Le envío la confirmación por correo. Muchas gracias.",
        ],
    },
    Script {
        language: "fr-FR",
        region: "eu-west",
        topic: "insurance",
        sentiment: ("neutral", 0.44),
        said: &[
            "A: Bonjour, service des sinistres. Je vous écoute.",
            "C: Bonjour, je voudrais déclarer un dégât des eaux dans ma cuisine.",
            "A: D'accord. Quand est-ce arrivé ?",
            "C: Hier soir, vers vingt heures.",
            "A: Avez-vous pris des photos ?",
            "C: Oui, une dizaine.",
            "A: Parfait. Envoyez-les avec votre numéro de contrat, et un expert vous appellera demain.",
            "C: Merci beaucoup.",
        ],
    },
    Script {
        language: "en-US",
        region: "us-central",
        topic: "cancellation",
        sentiment: ("negative", 0.57),
        said: &[
            "A: Thanks for calling. I am the virtual assistant. Please tell me what you need.",
            "C: I want to cancel my subscription.",
            "A: I can help with that. May I ask why you are leaving?",
            "C: It is too expensive, and I hardly use it.",
            "A: We have a smaller plan for half the price. Would that be of interest?",
            "C: No, just cancel it, please.",
            "A: All right. Your subscription ends on the last day of this month.",
            "C: And I will not be charged again?",
            "A: No, that was the last payment. You will get a confirmation in a minute.",
            "C: Okay, thanks.",
        ],
    },
];

/// The agents that answer.
pub(super) const AGENTS: [&str; 5] = ["nora", "theo", "support-bot", "frontdesk", "billing-bot"];
/// What callers call from, and how good the line is.
pub(super) const DEVICES: [(&str, &str); 4] =
    [("mobile", "good"), ("landline", "excellent"), ("mobile", "fair"), ("softphone", "good")];
