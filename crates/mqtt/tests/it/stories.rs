//! What must hold with every broker: one story each, told with Mosquitto, the embedded broker and RabbitMQ.

mod basics;
mod failures;
mod limits;
mod outages;
mod scale;

use std::pin::Pin;
use std::time::Duration;

use steward_mqtt::{MqttClient, PublishOptions};

use crate::brokers::{Broker, Certificates, Embedded, Mosquitto, RabbitMq, free_port};
use crate::support::{config, connected, soon};

type Told<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;
type Story = for<'a> fn(&'a mut Broker) -> Told<'a>;

macro_rules! stories {
    ($($module:ident::$story:ident),* $(,)?) => {
        const STORIES: &[(&str, Story)] =
            &[$((stringify!($story), |broker| Box::pin($module::$story(broker)))),*];

        mod mosquitto {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() {
                    $module::$story(&mut Broker::Mosquitto(Mosquitto::with_account())).await;
                }
            )*
        }

        mod embedded {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() {
                    $module::$story(&mut Broker::Embedded(Embedded::start().await)).await;
                }
            )*
        }
    };
}

stories! {
    basics::a_message_reaches_another_client,
    basics::wildcards_cover_what_the_standard_says,
    basics::overlapping_filters_each_get_a_message_once,
    basics::two_clients_share_a_topic,
    basics::tls_is_checked,
    basics::websockets_carry_it_too,
    basics::an_ipv6_host_and_a_coded_password_work,
    failures::a_wrong_password_is_refused_at_once,
    failures::a_twin_takes_over,
    failures::a_disconnect_by_the_broker_is_survived,
    failures::an_oversized_payload_is_refused,
    failures::a_malformed_envelope_hurts_nobody,
    failures::a_panicking_handler_hurts_nobody,
    outages::subscriptions_and_publishes_survive_a_restart,
    outages::health_is_retained_and_told_again_after_a_reconnect,
    scale::a_receive_maximum_of_one_is_kept,
    scale::fifty_clients_come_back_at_once,
    scale::a_thousand_subscriptions_stand_again,
}

#[tokio::test]
async fn what_is_forbidden_is_told() {
    for mut broker in
        [Broker::Mosquitto(Mosquitto::with_account()), Broker::Embedded(Embedded::start().await)]
    {
        failures::what_is_forbidden_is_told(&mut broker).await;
    }
}

/// Who may come in is decided by the certificate that a client shows, here the broker's own.
#[tokio::test]
async fn a_client_shows_its_certificate() {
    let certificates = Certificates::make();
    let [ca, cert, key] = [certificates.ca(), certificates.server(), certificates.key()];
    let port = free_port();
    let broker = Mosquitto::with(&format!(
        "listener {port} 127.0.0.1\ncafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate true\n",
        ca.display(),
        cert.display(),
        key.display()
    ));
    let config = || config(&format!("mqtts://localhost:{port}"), "certified").ca_file(&ca);
    let client = connected(config().client_certificate(&cert, &key)).await;
    soon(client.publish("certified", "x", PublishOptions::default())).await.unwrap();
    let stranger = config().connect_timeout(Duration::from_millis(300));
    soon(MqttClient::new(stranger).unwrap().connect()).await.unwrap_err();
    assert_eq!(broker.topics_received_count("certified"), 1);
}

mod heavy {
    use super::*;

    /// RabbitMQ takes long to start, so that one node hears all of them.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn rabbitmq_tells_every_story() {
        let mut broker = Broker::RabbitMq(RabbitMq::start());
        for (name, story) in STORIES {
            println!("{name}");
            story(&mut broker).await;
        }
        limits::brokers_limits(&mut broker).await;
    }
}
